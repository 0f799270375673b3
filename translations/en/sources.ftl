# Sources of live data and their quarantine: for the staff.
nav-sources = Sources
sources-title = Data sources
sources-lead = Who sends live data to this city, when last, and what could not be used.
sources-none = No data source yet
sources-none-next = A source appears here as soon as the first device or system sends. The IT staff connects it.
sources-none-manage = Make an account for a device with pendopo mqtt-account add, or a key for another system with pendopo api-key add. A source appears here as soon as it sends.

source-kind-mqtt = MQTT client
source-kind-broker = Other broker that the city listens to
source-kind-api_key = API client
source-kind-feed = Feed that the city fetches
source-kind-replay = Recorded feed, replayed

source-state = State of the source
source-sending = Sending
source-silent = Silent
source-never = Never seen
source-last-seen = last seen:
source-per-minute = per minute
source-received = received
source-late = late
source-refused = refused
source-quarantined = quarantined
source-dropped = dropped
source-unknown-units = unknown units
source-waiting =
    { $n ->
        [one] { $n } message waits in quarantine
       *[other] { $n } messages wait in quarantine
    }
source-since-first = Counted since this source was first seen. Per minute: during the last whole minute. Silent: not seen for more than an hour.

quarantine-title = Quarantine
quarantine-lead = Messages that were taken in but could not be used. They are kept until a better mapping can read them.
quarantine-reason = Reason
quarantine-none = No messages in quarantine
quarantine-none-next = Everything received from this source could be used.
quarantine-replay = Try all of this source again
quarantine-replay-reason = Try all of this reason again
quarantine-discard = Discard
quarantine-discard-sure = Messages that are discarded cannot be brought back.
quarantine-discard-all = Yes, discard all of this source
quarantine-discard-reason = Yes, discard all of this reason
quarantine-newest = Newest
quarantine-older = Older
quarantine-not-yours = Only those who manage data sources can see what a message says; it is they who can try it again.
source-taken =
    { $n ->
        [one] { $n } message was taken.
       *[other] { $n } messages were taken.
    }
source-left = What stays in quarantine, and why:
source-discarded =
    { $n ->
        [one] { $n } message was discarded.
       *[other] { $n } messages were discarded.
    }

aside-no_mapping = No mapping for its topic
aside-too_large = Too large, and kept only in part
aside-too_deep = Nested too deeply
aside-malformed = Not the format that the mapping names
aside-no_value = A value is missing
aside-bad_time = Its time makes no sense
aside-bad_place = Its place is not on earth
aside-bad_id = The id of its entity could not be made
aside-refused = Its entity could not take it
aside-attempts =
    { $n ->
        [one] (tried again once)
       *[other] (tried again { $n } times)
    }
aside-size =
    { $n ->
        [one] { $n } byte
       *[other] { $n } bytes
    }
aside-body =
    { $n ->
        [one] What it says ({ $n } byte)
       *[other] What it says ({ $n } bytes)
    }
aside-body-of = What the message { $topic } says
aside-cut = Only its beginning.
