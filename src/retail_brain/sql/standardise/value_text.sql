-- One text made clean: no control or invisible characters, composed (NFC), single blanks, at most 1,000 characters.
-- Printable ASCII with single blanks, which is nearly everything, passes after one linear test.
create or replace temp macro value_text(raw) as
    case
        when strlen(raw) <= 1000 and regexp_full_match(raw, '[!-~]+( [!-~]+)*') then raw
        else nullif(
            trim(
                left(
                    regexp_replace(
                        nfc_normalize(
                            regexp_replace(
                                raw,
                                '[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}]',
                                '',
                                'g'
                            )
                        ),
                        '[\s\x0b\x{85}\p{Z}]+',
                        ' ',
                        'g'
                    ),
                    1000
                )
            ),
            ''
        )
    end
