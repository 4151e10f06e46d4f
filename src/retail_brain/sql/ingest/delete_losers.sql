-- Removes the rows of repeated records that are copies or superseded.
delete from delivered_row
where rowid in (select row_no from repeated_row where rank > 1)
