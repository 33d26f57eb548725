update person set root_id = $3 where partnership_id = $1 and id = $2
