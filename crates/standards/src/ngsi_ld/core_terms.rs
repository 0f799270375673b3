//! The terms of the NGSI-LD core `@context`, versions 1.0 to 1.9.1 (ETSI GS CIM 009, section 4.4, annex B).

/// Namespace of the core terms.
pub const NGSI_LD: &str = "https://uri.etsi.org/ngsi-ld/";
/// Where names go that no context knows.
pub const DEFAULT_VOCAB: &str = "https://uri.etsi.org/ngsi-ld/default-context/";
/// Namespace of GeoJSON.
const GEOJSON: &str = "https://purl.org/geojson/vocab#";
/// The newest core context.
pub const CORE_URL: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

/// Whether `url` names a core context of some version: those are built in, whatever the version, since a later version
/// only adds terms.
pub fn is_core_url(url: &str) -> bool {
    let url = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or(url);
    let Some(rest) = url.strip_prefix("uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context") else {
        return false;
    };
    let Some(version) = rest.strip_suffix(".jsonld") else {
        return false;
    };
    version.is_empty()
        || version.strip_prefix("-v").is_some_and(|v| {
            !v.is_empty()
                && v.split('.')
                    .all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
}

/// Every core term and its IRI.
pub fn terms() -> impl Iterator<Item = (&'static str, String)> {
    let same = SAME
        .split_ascii_whitespace()
        .map(|term| (term, format!("{NGSI_LD}{term}")));
    let geo = GEO
        .split_ascii_whitespace()
        .map(|term| (term, format!("{GEOJSON}{term}")));
    let other = OTHER
        .iter()
        .map(|(term, name)| (*term, format!("{NGSI_LD}{name}")));
    let foreign = FOREIGN.iter().map(|(term, iri)| (*term, (*iri).to_owned()));
    same.chain(geo).chain(other).chain(foreign)
}

/// Prefixes of the core context.
pub const PREFIXES: &[(&str, &str)] = &[("ngsi-ld", NGSI_LD), ("geojson", GEOJSON)];

/// Aliases of JSON-LD keywords.
pub const KEYWORDS: &[(&str, &str)] = &[("id", "@id"), ("type", "@type")];

/// Terms that keep their name in [`NGSI_LD`].
const SAME: &str = "
    accept aggrMethods aggrParams aggrPeriodDuration Attribute AttributeList attributeList attributeName
    attributeNames attributes attributeTypes attrs avg cacheDuration collation contextSourceAlias
    contextSourceExtras ContextSourceIdentity contextSourceInfo ContextSourceNotification
    ContextSourceRegistration contextSourceTimeAt contextSourceUptime cooldown createdAt csf data
    datasetId Date DateTime deletedAt detail distinctCount endAt endpoint endTimeAt entities entity
    entityCount entityId entityList EntityType EntityTypeInfo EntityTypeList error errors
    ExecutionResultDetails expandValues expiresAt format GeoProperty geoproperty geoQ georel idPattern
    information instanceId isActive join jsonKeys JsonProperty jsons lang LanguageProperty lastFailure
    lastNotification lastSuccess lastUsedAt linkedMaps ListProperty ListRelationship localOnly location
    management managementInterval max min mode modifiedAt ngsildproof Notification notification
    notificationTrigger notifiedAt notifierInfo notUpdated observationInterval observationSpace
    observedAt omit operations operationSpace orderBy ordering pick problemDetails Property
    propertyNames q reason receiverInfo refreshRate registrationId registrationName Relationship
    relationshipNames resultStatus scope scopeQ showChanges Snapshot snapshotId snapshotLifetime
    SnapshotNotification snapshotPriority snapshotQueries snapshotQueriesDetails snapshotStatus
    snapshotTemporalQueries snapshotTemporalQueriesDetails startAt status stddev Subscription
    subscriptionId subscriptionName success sum sumsq sysAttrs TemporalProperty temporalQ tenant
    throttling Time timeAt timeInterval timeout timeproperty timerel timesFailed timesSent totalCount
    triggerReason typeList typeName typeNames unchanged unitCode updated uri VocabProperty
    watchedAttributes
";

const GEO: &str = "bbox coordinates Feature FeatureCollection features geometry GeometryCollection LineString \
     MultiLineString MultiPoint MultiPolygon Point Polygon properties";

/// Terms that have another name in [`NGSI_LD`].
const OTHER: &[(&str, &str)] = &[
    ("containedBy", "isContainedBy"),
    ("dataset", "hasDataset"),
    ("entityMap", "hasEntityMap"),
    ("joinLevel", "hasJoinLevel"),
    ("json", "hasJSON"),
    ("key", "hasKey"),
    ("languageMap", "hasLanguageMap"),
    ("languageMaps", "hasLanguageMaps"),
    ("object", "hasObject"),
    ("objectList", "hasObjectList"),
    ("objectLists", "hasObjectLists"),
    ("objects", "hasObjects"),
    ("objectType", "hasObjectType"),
    ("previousJson", "hasPreviousJson"),
    ("previousLanguageMap", "hasPreviousLanguageMap"),
    ("previousObject", "hasPreviousObject"),
    ("previousObjectList", "hasPreviousObjectList"),
    ("previousValue", "hasPreviousValue"),
    ("previousValueList", "hasPreviousValueList"),
    ("previousVocab", "hasPreviousVocab"),
    ("value", "hasValue"),
    ("valueList", "hasValueList"),
    ("valueLists", "hasValueLists"),
    ("values", "hasValues"),
    ("valueType", "hasValueType"),
    ("vocab", "hasVocab"),
    ("vocabs", "hasVocabs"),
];

/// Terms of other vocabularies.
const FOREIGN: &[(&str, &str)] = &[
    ("description", "http://purl.org/dc/terms/description"),
    ("title", "http://purl.org/dc/terms/title"),
    (
        "langString",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString",
    ),
];
