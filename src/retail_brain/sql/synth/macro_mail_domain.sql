-- No rows: mail_domain() gives the domain of a mailbox.
create or replace temp macro mail_domain(u) as
    case when u < 0.38 then 'example.com' when u < 0.62 then 'mail.example' when u < 0.78 then 'example.net'
         when u < 0.90 then 'example.org' else 'post.example' end
