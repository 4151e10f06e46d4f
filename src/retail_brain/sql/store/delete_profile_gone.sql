-- nothing: removes the profiles of the temporary table profile_gone_new
delete from profile
using profile_gone_new
where profile.profile_id = profile_gone_new.profile_id
