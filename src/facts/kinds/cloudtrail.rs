//! CloudTrail trails and CloudTrail Lake's event data stores.

use super::super::kind::{Attached, Edge, Kind, Scope, Source, refer_whole};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[Source::new("cloudtrail", "describe-trails", "trailList[]", "TrailARN").arn("TrailARN").name("Name")],
        always: &["Name", "S3BucketName", "IsMultiRegionTrail", "LogFileValidationEnabled"],
        edges: &[
            Edge::one("bucket", "s3-bucket", "S3BucketName", "the bucket it writes to"),
            Edge::one("kms_key", "kms-key", "KmsKeyId", "the key that encrypts what it writes"),
            Edge::one("log_group", "log-group", "CloudWatchLogsLogGroupArn", "the log group it writes to"),
        ],
        attached: &[
            Attached::new("status", "cloudtrail", "get-trail-status", "shape:cloudtrail.GetTrailStatusResponse")
                .doc("whether it is logging"),
            Attached::new("event_selectors", "cloudtrail", "get-event-selectors", "shape:cloudtrail.GetEventSelectorsResponse")
                .doc("which events it records"),
        ],
        refer: refer_whole,
        ..Kind::new("trail", "CloudTrail trail", Scope::Global, "cloudtrail.Trail")
    },
    Kind {
        sources: &[
            Source::new("cloudtrail", "get-event-data-store", "", "EventDataStoreArn").arn("EventDataStoreArn").name("Name"),
            Source::new("cloudtrail", "list-event-data-stores", "EventDataStores[]", "EventDataStoreArn")
                .arn("EventDataStoreArn")
                .name("Name")
                .summary(),
        ],
        always: &["Name", "Status", "MultiRegionEnabled", "OrganizationEnabled", "RetentionPeriod"],
        edges: &[Edge::one("kms_key", "kms-key", "KmsKeyId", "the key that encrypts it; absent for one that AWS owns")],
        refer: refer_whole,
        ..Kind::new("event-data-store", "CloudTrail Lake event data store", Scope::Global, "cloudtrail.GetEventDataStoreResponse")
    },
];
