# Incidents at the desk: states, clocks, units, playbooks, mergers.

incident-triaged = Triaged
incident-duplicate = Merged
incident-rejected = Not an incident
incident-referred = Referred
