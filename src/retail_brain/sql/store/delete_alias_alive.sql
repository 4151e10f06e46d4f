-- nothing: an id of the temporary table reverted_record that had come to lead elsewhere is a profile again
delete from profile_alias
where alias_id in (select profile_id from reverted_record)
