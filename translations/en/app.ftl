# The frame of every page, and words that all rooms share.

skip = Skip to content
demo = Demo data
other-language = Indonesia
nav-main = Main
nav-home = Home
nav-reports = Reports
nav-map = Map
nav-numbers = Numbers
nav-desk = Desk
nav-crew = Tasks
banner-label = Warning
banner-more = { $n } more in force.
foot-made = { $city }, with Pendopo
foot-pendopo = Pendopo: command centre and public service for cities
foot-privacy = Privacy
foot-how = How we count
foot-sign-in = Staff sign-in
sign-out = Sign out
sign-out-short = Sign out
optional = optional
title-error = Error:
errors-title =
    { $n ->
        [one] There is 1 thing to correct
       *[other] There are { $n } things to correct
    }
pager = Pages
pager-previous = Previous
pager-next = Next
age-now = just now
age-minutes =
    { $n ->
        [one] 1 minute
       *[other] { $n } minutes
    }
age-hours =
    { $n ->
        [one] 1 hour
       *[other] { $n } hours
    }
age-days =
    { $n ->
        [one] 1 day
       *[other] { $n } days
    }
ago = { $age } ago
unit-minutes = min
unit-hours = h
unit-days = d
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
due-left-day =
    { $n ->
        [one] 1 day left
       *[other] { $n } days left
    }
due-left-hour =
    { $n ->
        [one] 1 hour left
       *[other] { $n } hours left
    }
due-over-day =
    { $n ->
        [one] 1 day overdue
       *[other] { $n } days overdue
    }
due-over-hour =
    { $n ->
        [one] 1 hour overdue
       *[other] { $n } hours overdue
    }
priority = Priority
priority-label = Priority { $n }, { $word }
priority-none = Ordinary report
priority-1 = urgent
priority-2 = high
priority-3 = medium
priority-4 = low
state-received = Received
state-assigned = In progress
state-resolved = Resolved, waiting for the reporter
state-resolved-you = Resolved, waiting for your answer
state-confirmed = Confirmed by the reporter
state-reopened = Reopened
state-unconfirmed = No answer
state-not_asked = Closed before residents were asked
state-referred = Passed on
state-duplicate = Duplicate
state-closed_not_fixed = Closed, not fixed
timeline = Timeline
entry-received = Report received
entry-imported = Report taken over from the earlier system
entry-assigned = Given to { $subject }
entry-resolved = The city says it is resolved
entry-confirmed = The reporter confirmed: it is done
entry-not_yet = The reporter answered not yet. Reopened.
entry-unconfirmed = The time to answer ended without an answer
entry-referred = Passed to { $subject }
entry-duplicate = Duplicate of { $subject }
entry-closed_not_fixed = Closed, not fixed
entry-joined = Another resident joined this report
entry-incident_opened = Incident { $subject } opened
entry-incident_joined = Joined to incident { $subject }
entry-report_added = Report { $subject } added
entry-identity_seen = Reporter's identity was looked at
entry-erased = Reporter's personal data erased
entry-note = Note
entry-dispatched = { $subject } sent
entry-acknowledged = { $subject } accepted the task
entry-on_scene = { $subject } arrived
entry-cleared = { $subject } finished on site
entry-withdrawn = { $subject } withdrawn
entry-left_open = Resolved in part. Reports that stay open: { $subject }
entry-contained = Situation contained
entry-verified = Result checked by a second person
entry-closed = Closed
entry-reopened = Reopened
entry-comment_nothing = A word from the reporter's side, through { $subject }
entry-comment_done = A word from the reporter's side, through { $subject }: it is done, they say
entry-comment_closed = A word from the reporter's side, through { $subject }: no more is needed, they say
entry-comment_not_done = A word from the reporter's side, through { $subject }: it is not done, they say
photo-before = Photo from the reporter
photo-after = Photo from the crew
photo-yours = Your photo
city-says = The city says:
live-lost = Connection lost. Data since { $at }. Reconnecting.
live-new = { $n } new, show
live-changed = Something changed, show it
cities-title = Cities on this node
cities-lead = Choose a city. Each city has its own pages, desk and data.
cities-by-port = If that address does not open:
cities-none = No city here yet
cities-none-next = Make the first city with the pendopo command.
demo-sign-ins = Sign-ins to try it
demo-sign-ins-hint = For demo cities only. All their data is invented.
demo-login = name { $login }, password { $password }
map-approximate = Area boundaries are approximate
another-report-word = another report
map-tiles-credit = © OpenStreetMap contributors
