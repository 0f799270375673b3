# The mayor's page: normal or not, what is late, and whose it is.
mayor-title = State of the city
mayor-normal = All is normal. No grave alarms, no open incidents, no overdue reports.
mayor-normal-late = { $n ->
    [one] All is normal, but { $n } report is overdue.
   *[other] All is normal, but { $n } reports are overdue.
}
mayor-both = Not normal: { $alarms } grave alarms and { $incidents } incidents not contained.
mayor-alarms = Not normal: { $alarms ->
    [one] { $alarms } grave alarm
   *[other] { $alarms } grave alarms
}.
mayor-incidents = Not normal: { $incidents ->
    [one] { $incidents } incident
   *[other] { $incidents } incidents
} not contained.
mayor-overdue = { $n ->
    [one] { $n } report overdue
   *[other] { $n } reports overdue
}
mayor-nobody = Not assigned to any office
mayor-crews = { $n ->
    [0] No crew at work
    [one] { $n } crew at work
   *[other] { $n } crews at work
}
mayor-steps = { $n ->
    [one] { $n } step of the playbook is late: { $whose }
   *[other] { $n } steps of the playbook are late: { $whose }
}
mayor-late-alarm = Over time
mayor-late-incident = No crew
