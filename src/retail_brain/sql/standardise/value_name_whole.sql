-- Whether a whole name is plain: "First Last", "First M Last", "Last, First Middle" in Latin letters, no other words.
create or replace temp macro value_name_whole(full_name) as
    regexp_full_match(
        full_name,
        '[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ''’-]+( [A-Za-zÀ-ɏ][A-Za-zÀ-ɏ''’-]*)? [A-Za-zÀ-ɏ][A-Za-zÀ-ɏ''’-]+|[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ''’-]+, [A-Za-zÀ-ɏ][A-Za-zÀ-ɏ''’-]+( [A-Za-zÀ-ɏ][A-Za-zÀ-ɏ''’-]*)?'
    )
    and not regexp_matches(full_name, getvariable('value_name_words'))
