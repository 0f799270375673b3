# Alarms at the desk, and the rules that raise them.
alarms-rail = Alarms
alarms-title = Open alarms
alarms-count = { $n ->
    [0] No open alarms
    [one] { $n } open alarm
   *[other] { $n } open alarms
}
alarms-urgent = New urgent alarm: { $what }
alarms-none = No alarms
alarms-none-next = Alarms appear here as soon as a rule is met.
alarm-unacknowledged = Not acknowledged
alarm-acknowledged = Acknowledged
alarm-returned = Normal again, not acknowledged
alarm-shelved = Shelved
alarm-ended = Ended
alarm-left = { $n } min left
alarm-over = { $n } min over
alarm-times = { $n } times
alarm-cause = Cause
alarm-consequence = What follows if nobody acts
alarm-action = What to do
alarm-owner = Responsible
alarm-within = How soon
alarm-minutes = { $n ->
    [one] within { $n } minute
   *[other] within { $n } minutes
}
alarm-no-rule = The rule that raised this alarm has been removed.
alarm-nothing-to-do = There is nothing to do with this alarm.
alarm-shelved-until = Shelved until { $at }.
act-acknowledge = Acknowledge
act-shelve = Shelve
act-unshelve = Show again now
shelve-minutes = How many minutes
shelve-minutes-hint = At most { $max } minutes
shelve-reason = Reason
shelve-reason-hint = Everyone at the desk reads it. Do not write names of people.
error-shelf-minutes = Write a number of minutes, 1 to { $max }
alarm-done-acknowledged = The alarm is acknowledged.
alarm-done-shelved = The alarm is shelved.
alarm-done-unshelved = The alarm is shown again.
alarm-late-unacknowledged = This alarm has just changed. It is not acknowledged now.
alarm-late-acknowledged = Somebody else has acknowledged this alarm. The timeline says who and when.
alarm-late-returned = Things are normal again, so this alarm cannot be shelved. Acknowledge it.
alarm-late-shelved = Somebody else has shelved this alarm. The timeline says who and when.
alarm-late-ended = This alarm has ended. There is nothing left to do.
entry-alarm_joined = Alarm: { $subject }
entry-alarm_raised = Alarm began
entry-alarm_raised_again = Alarm began again
entry-alarm_returned = Normal again
entry-alarm_acknowledged = Alarm acknowledged
entry-alarm_shelved = Alarm shelved
entry-alarm_unshelved = Alarm shown again
rules-title = Rules
rules-lead = What the city watches, and whose alarm it is.
rules-none = No rules yet
rules-none-next = Without rules there are no alarms.
rule-on = On
rule-off = Off
rule-above = { $what }: { $limit } { $unit } or more
rule-below = { $what }: { $limit } { $unit } or less
rule-rises = { $what }: rises by { $limit } { $unit } an hour or more, measured over { $minutes } minutes
rule-falls = { $what }: falls by { $limit } { $unit } an hour or more, measured over { $minutes } minutes
rule-no-data = { $what }: sends nothing for { $minutes } minutes
rule-reports = { $count } reports ({ $services }) within { $metres } metres in { $minutes } minutes
rule-alert = An official alert of severity { $severity } or graver
rule-alert-area = An official alert of severity { $severity } or graver for the area { $area }
rule-expression = A formula over { $count } values
