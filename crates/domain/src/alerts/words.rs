//! The code lists of CAP 1.2, section 3.2, spelled as there. They are case-sensitive.

use crate::word_enum;

word_enum!(
    /// Who should act on the message. CAP 1.2 §3.2.1, element `<status>`.
    Status {
        Actual = "Actual",
        /// Only those who take part in the exercise act; `note` names it.
        Exercise = "Exercise",
        /// Between systems.
        System = "System",
        /// To be disregarded by everybody.
        Test = "Test",
        Draft = "Draft",
    }
);

word_enum!(
    /// What the message does to earlier ones. CAP 1.2 §3.2.1, element `<msgType>`.
    MsgType {
        Alert = "Alert",
        /// Replaces everything it refers to.
        Update = "Update",
        /// Withdraws everything it refers to.
        Cancel = "Cancel",
        Ack = "Ack",
        /// Refuses what it refers to; `note` says why.
        Error = "Error",
    }
);

word_enum!(
    /// For whom the message is. CAP 1.2 §3.2.1, element `<scope>`.
    Scope {
        Public = "Public",
        Restricted = "Restricted",
        Private = "Private",
    }
);

word_enum!(
    /// What kind of event it is. CAP 1.2 §3.2.2, element `<category>`.
    Category {
        Geo = "Geo",
        Met = "Met",
        Safety = "Safety",
        Security = "Security",
        Rescue = "Rescue",
        Fire = "Fire",
        Health = "Health",
        Env = "Env",
        Transport = "Transport",
        Infra = "Infra",
        Cbrne = "CBRNE",
        Other = "Other",
    }
);

word_enum!(
    /// What people should do. CAP 1.2 §3.2.2, element `<responseType>`.
    ResponseType {
        Shelter = "Shelter",
        Evacuate = "Evacuate",
        Prepare = "Prepare",
        Execute = "Execute",
        Avoid = "Avoid",
        Monitor = "Monitor",
        /// For those who evaluate the message; not in warnings to the public.
        Assess = "Assess",
        /// The event is no longer a threat.
        AllClear = "AllClear",
        None = "None",
    }
);

word_enum!(
    /// How soon to act, most urgent first. CAP 1.2 §3.2.2, element `<urgency>`.
    Urgency {
        Immediate = "Immediate",
        Expected = "Expected",
        Future = "Future",
        Past = "Past",
        Unknown = "Unknown",
    }
);

word_enum!(
    /// How grave, gravest first. CAP 1.2 §3.2.2, element `<severity>`.
    Severity {
        Extreme = "Extreme",
        Severe = "Severe",
        Moderate = "Moderate",
        Minor = "Minor",
        Unknown = "Unknown",
    }
);

word_enum!(
    /// How sure, surest first. CAP 1.2 §3.2.2, element `<certainty>`.
    Certainty {
        Observed = "Observed",
        Likely = "Likely",
        Possible = "Possible",
        Unlikely = "Unlikely",
        Unknown = "Unknown",
    }
);

/// Gravest first, as a tuple that sorts: severity, then urgency, then certainty; each 4 to 0.
pub fn rank(severity: Severity, urgency: Urgency, certainty: Certainty) -> (u8, u8, u8) {
    (4 - severity as u8, 4 - urgency as u8, 4 - certainty as u8)
}
