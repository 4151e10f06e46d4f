-- nothing: forgets the arrivals that a run took in
delete from arrival
where arrival_no <= %(seen_arrival_no)s
