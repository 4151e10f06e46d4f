-- No rows: delivery_night() gives the night on which a revision of a record is delivered; night_share() holds the sizes.
create or replace temp macro delivery_night(record_key, revision) as
    greatest(
        if(draw(record_key, 'night') < night_share() * (nights() - 1), 2 + floor(draw(record_key, 'night') / night_share()), 1),
        if(revision = 1 and nights() > 1 and draw(record_key, 'resent') < 0.5, 2 + floor(draw(record_key, 'resent night') * (nights() - 1)), 1)
    )::integer
