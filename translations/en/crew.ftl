# The field officer's phone.

crew-title = My tasks
crew-none = No tasks
crew-none-next = New tasks appear here.
crew-done-today = { $n } done today
crew-dispatched = New
crew-acknowledged = Accepted
crew-on_scene = On site
crew-cleared = Done
crew-withdrawn = Withdrawn
crew-directions = Directions
crew-no-place = No place was given.
crew-note = From the desk:
crew-accept = Accept
crew-accept-hint = The desk sees that you are on your way.
crew-arrive = Arrived
crew-arrive-hint = Press when you are on site.
crew-finish-title = Finished here?
crew-finish-lead = Send an after-photo, or write the reason.
crew-finish = Finish
crew-reason = Note or reason
crew-reason-hint = Needed if there is no photo. The reporter reads it.
crew-over-cleared = This task is done.
crew-over-withdrawn = The desk withdrew this task.
crew-en_route = On the way
crew-transporting = Transporting
crew-at_facility = At destination
