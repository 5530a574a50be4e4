//! Calls AWS, through the AWS SDK's orchestrator: credentials, signatures, retries, timeouts and proxies are the SDK's.
//!
//! In: a call of the plan with the values of its options. Out: the answer with all its pages merged, as the AWS CLI prints it, or
//! why there is none. Never: a first page taken for the whole; an answer that could not be read taken for an empty one.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation as Orchestrated;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver};
use aws_smithy_runtime_api::client::identity::{SharedIdentityCache, SharedIdentityResolver};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use serde_json::{Map, Value, json};

use super::answer::{self, Raw, Refusal};
use super::request::{self, Given, Request};
use super::wire::{self, Operation, Protocol, Service};
use crate::input::THROTTLED;

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// AWS refused it: code and message.
    Denied(String, String),
    /// AWS answered with another error: code and message.
    Refused(String, String),
    /// The credentials ended.
    Expired(String),
    /// It was not made: the collection was stopped before.
    Stopped,
    /// The service is not offered in the Region.
    Absent(String),
    /// No answer came, or none that can be read: alicerce's code of it, and why.
    Failed(&'static str, String),
}

/// Codes by which AWS says that the caller may not.
const DENIED: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "NotAuthorized",
    "AuthorizationErrorException",
    "UnauthorizedException",
    "Client.UnauthorizedOperation",
];

/// Codes by which it says that the session is over.
const EXPIRED: [&str; 4] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];

/// How many pages of one answer are taken; a service that gives more is going round in circles.
const MOST_PAGES: usize = 10_000;

/// Where calls go: an account's credentials, a Region.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) account: Arc<str>,
    pub(super) partition: Arc<str>,
    pub(super) region: Arc<str>,
    pub(super) credentials: SharedCredentialsProvider,
    /// Of these credentials.
    pub(super) identities: SharedIdentityCache,
}

/// A client of all services.
#[derive(Clone)]
pub(super) struct Client {
    config: SdkConfig,
    /// Told of each time that AWS said it is asked too often.
    throttled: Arc<dyn Fn() + Send + Sync>,
}

/// An error of the service.
#[derive(Debug)]
struct ApiError {
    meta: ErrorMetadata,
    /// The Region in which the bucket is, where the answer says.
    bucket_region: Option<String>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.meta.code().unwrap_or_default(), self.meta.message().unwrap_or_default())
    }
}

impl std::error::Error for ApiError {}

impl ProvideErrorMetadata for ApiError {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

impl Client {
    pub(super) fn new(config: SdkConfig, throttled: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { config, throttled }
    }

    /// Makes the call, with all its pages.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn call(&self, spot: &Spot, service: &str, operation: &str, given: &[Given<'_>]) -> Result<Value, Failure> {
        let service = wire::service(service).ok_or_else(|| unknown(service))?;
        let described = service.operations.get(operation).ok_or_else(|| unknown(operation))?;
        let first = self.page(spot, service, described, given).await?;
        let Some(paging) = &described.paging else { return Ok(first) };
        let mut tokens = next(&first, paging);
        let mut pages = vec![first];
        while let Some(given_tokens) = tokens {
            if pages.len() >= MOST_PAGES {
                return Err(Failure::Failed("UnreadableAnswer", format!("the answer has more than {MOST_PAGES} pages")));
            }
            let mut given = given.to_vec();
            for (name, value) in &given_tokens {
                let option = described.inputs.iter().find(|(_, member)| member.name == *name).map(|(option, _)| *option);
                given.extend(option.map(|option| (option, vec![value.clone()])));
            }
            let page = self.page(spot, service, described, &given).await?;
            tokens = next(&page, paging);
            if tokens.as_ref() == Some(&given_tokens) {
                return Err(Failure::Failed("UnreadableAnswer", "the service gives the same page again and again".to_owned()));
            }
            pages.push(page);
        }
        Ok(merged(pages, paging))
    }

    /// One page; a bucket is asked for again in the Region that the answer names.
    async fn page(&self, spot: &Spot, service: &Service, op: &Operation, given: &[Given<'_>]) -> Result<Value, Failure> {
        let written = request::write(service, op, given).map_err(|why| Failure::Failed("NotWritten", why))?;
        match self.send(spot, &spot.region, service, op, &written).await {
            Err((_, Some(region))) if *region != *spot.region => {
                self.send(spot, &region, service, op, &written).await.map_err(|(failure, _)| failure)
            }
            answer => answer.map_err(|(failure, _)| failure),
        }
    }

    async fn send(
        &self,
        spot: &Spot,
        region: &str,
        service: &Service,
        op: &Operation,
        written: &Request,
    ) -> Result<Value, (Failure, Option<String>)> {
        let (url, signed_region) = self.endpoint(spot, region, service).map_err(|why| (Failure::Absent(why), None))?;
        if self.nowhere(region, service, &url).await {
            let why = format!("AWS does not offer {} in {region}: it has no endpoint there", service.name);
            return Err((Failure::Absent(why), None));
        }
        let operation = self.operation(spot, service, op, &url, signed_region);
        let raw = operation.invoke(written.clone()).await.map_err(|error| failure(&error))?;
        answer::read(service, op, &raw).map_err(|why| (Failure::Failed("UnreadableAnswer", why), None))
    }

    /// The URL of a service, and the Region to sign for.
    fn endpoint(&self, spot: &Spot, region: &str, service: &Service) -> Result<(String, String), String> {
        let of_partition = service.endpoints.iter().find(|e| e.partition == &*spot.partition);
        let signed = of_partition.and_then(|e| e.sign).unwrap_or(region).to_owned();
        if let Some(url) = self.configured(service) {
            return Ok((url, signed));
        }
        let endpoint =
            of_partition.ok_or_else(|| format!("{} has no endpoint in the partition {}", service.name, spot.partition))?;
        let url = match (self.config.use_fips().unwrap_or(false), endpoint.fips) {
            (true, Some(fips)) => fips,
            (true, None) => return Err(format!("{} has no FIPS endpoint", service.name)),
            (false, _) => endpoint.url,
        };
        Ok((url.replace("{region}", region).replace("{account}", &spot.account), signed))
    }

    /// Whether the service is not in the Region: AWS's list lacks it there, and its endpoint has no address. The list alone does
    /// not do: it is older than the newest Regions.
    async fn nowhere(&self, region: &str, service: &Service, url: &str) -> bool {
        if self.configured(service).is_some() || !unlisted(service, region) {
            return false;
        }
        let host = format!("{}:443", url.trim_start_matches("https://").split('/').next().unwrap_or_default());
        let looked_up = tokio::task::spawn_blocking(move || std::net::ToSocketAddrs::to_socket_addrs(&host).is_err());
        looked_up.await.unwrap_or(false)
    }

    /// The endpoint that the environment or the profile sets, for the service before for all.
    fn configured(&self, service: &Service) -> Option<String> {
        let id = service.id.to_ascii_lowercase();
        let key = ServiceConfigKey::builder().service_id(&id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
        let own = self.config.service_config().and_then(|config| config.load_config(key));
        own.or_else(|| self.config.endpoint_url().map(str::to_owned)).map(|url| url.trim_end_matches('/').to_owned())
    }

    fn operation(
        &self,
        spot: &Spot,
        service: &Service,
        op: &Operation,
        url: &str,
        signed_region: String,
    ) -> Orchestrated<Request, Raw, ApiError> {
        let bucket = service.protocol == Protocol::RestXml && service.signing == "s3";
        let mut signing_options = SigningOptions::default();
        if bucket {
            (signing_options.double_uri_encode, signing_options.normalize_uri_path) = (false, false);
            signing_options.content_sha256_header = true;
        }
        let (name, region) =
            (SigningName::from_static(service.signing), SigningRegion::from(aws_types::region::Region::new(signed_region)));
        let mut layer = Layer::new("call");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigV4OperationSigningConfig {
            region: Some(region.clone()),
            region_set: None,
            name: Some(name.clone()),
            signing_options,
        });
        layer.store_put(name);
        layer.store_put(region);
        // One throttled account must not use up the retries of the others.
        layer.store_put(RetryPartition::new(format!("{}-{}-{}", service.name, spot.account, spot.region)));
        let components = RuntimeComponentsBuilder::new("call")
            .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(StaticAuthSchemeOptionResolver::new(
                vec![SCHEME_ID],
            ))))
            .with_identity_cache(Some(spot.identities.clone()))
            .with_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(spot.credentials.clone()));
        let mut builder = Orchestrated::builder()
            .service_name(service.name)
            .operation_name(op.api)
            .endpoint_url(url)
            .runtime_plugin(StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components))
            .retry_classifier(TransientErrorClassifier::<ApiError>::new())
            .retry_classifier(AwsErrorCodeClassifier::<ApiError>::new())
            .retry_classifier(HttpStatusCodeClassifier::default());
        if let Some(client) = self.config.http_client() {
            builder = builder.http_client(client);
        }
        if let Some(sleep) = self.config.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        if let Some(time) = self.config.time_source() {
            builder = builder.time_source(time);
        }
        if let Some(retry) = self.config.retry_config() {
            builder = builder.standard_retry(retry);
        }
        if let Some(timeouts) = self.config.timeout_config() {
            builder = builder.timeout_config(timeouts.clone());
        }
        let throttled = self.throttled.clone();
        builder.serializer(to_http).deserializer(move |response| from_http(response, &*throttled)).build()
    }
}

fn unknown(what: &str) -> Failure {
    Failure::Failed("NotWritten", format!("`{what}` is not in the table of AWS's services"))
}

fn to_http(written: Request) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(written.body));
    request.set_method(written.method)?;
    request.set_uri(written.uri)?;
    request.headers_mut().insert("user-agent", concat!("alicerce/", env!("CARGO_PKG_VERSION")));
    for (name, value) in written.headers {
        request.headers_mut().insert(name, value);
    }
    let length = request.body().content_length().unwrap_or(0);
    if length > 0 {
        request.headers_mut().insert("content-length", length.to_string());
    }
    Ok(request)
}

/// Whether AWS's list of the service's Regions lacks this one.
fn unlisted(service: &Service, region: &str) -> bool {
    !service.regions.is_empty() && !service.regions.contains(&region)
}

fn from_http(response: &HttpResponse, throttled: &(dyn Fn() + Send + Sync)) -> Result<Raw, OrchestratorError<ApiError>> {
    let headers = response.headers().iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let body = response.body().bytes().unwrap_or_default().to_vec();
    let raw = Raw { status: response.status().as_u16(), headers, body };
    if response.status().is_success() {
        return Ok(raw);
    }
    let Refusal { code, message } = answer::refusal(&raw);
    if THROTTLED.contains(&&*code) || raw.status == 429 {
        throttled();
    }
    let bucket_region = response.headers().get("x-amz-bucket-region").map(str::to_owned);
    Err(OrchestratorError::operation(ApiError {
        meta: ErrorMetadata::builder().code(code).message(message).build(),
        bucket_region,
    }))
}

/// Why the call failed, and the Region where the bucket is, where the answer says so.
fn failure(error: &SdkError<ApiError, HttpResponse>) -> (Failure, Option<String>) {
    let SdkError::ServiceError(service) = error else {
        return (unanswered(error), None);
    };
    let api = service.err();
    let (code, message) = (api.code().unwrap_or_default().to_owned(), api.message().unwrap_or_default().to_owned());
    (said(code, message), api.bucket_region.clone())
}

/// What an error of AWS is.
fn said(code: String, message: String) -> Failure {
    if DENIED.contains(&&*code) {
        Failure::Denied(code, message)
    } else if EXPIRED.contains(&&*code) {
        Failure::Expired(message)
    } else {
        Failure::Refused(code, message)
    }
}

/// A call that did not come to an answer; where its credentials were refused (a role that may not be assumed), that is why.
fn unanswered(error: &SdkError<ApiError, HttpResponse>) -> Failure {
    let mut causes: Vec<String> = Vec::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if let Some(meta) = cause.downcast_ref::<ErrorMetadata>()
            && let Some(code) = meta.code()
        {
            return said(code.to_owned(), meta.message().unwrap_or_default().to_owned());
        }
        if EXPIRED.iter().any(|code| text.starts_with(code)) {
            return Failure::Expired(text);
        }
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        next = cause.source();
    }
    let code = match error {
        SdkError::TimeoutError(_) => "Timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "Timeout",
        SdkError::DispatchFailure(failure) if failure.is_io() => "NoConnection",
        SdkError::ResponseError(_) => "BrokenAnswer",
        _ => "NoAnswer",
    };
    Failure::Failed(code, causes.join(": "))
}

/// The tokens of the next page; `None` where this is the last.
fn next(page: &Value, paging: &wire::Paging) -> Option<Vec<(&'static str, String)>> {
    if let Some(more) = paging.more
        && page.get(more).is_none_or(|more| more == &json!(false))
    {
        return None;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let tokens: Vec<(&'static str, String)> = paging
        .tokens
        .iter()
        .filter_map(|(input, output)| Some((*input, text(page.get(*output).filter(|v| !v.is_null())?))))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    (!tokens.is_empty()).then_some(tokens)
}

/// The pages as one answer: what goes on from page to page, and what the first one says besides.
fn merged(pages: Vec<Value>, paging: &wire::Paging) -> Value {
    let mut out = Map::new();
    for (at, page) in pages.into_iter().enumerate() {
        let Value::Object(page) = page else { continue };
        for (key, value) in page {
            match (out.get_mut(&key), value) {
                (Some(Value::Array(known)), Value::Array(more)) if paging.keys.contains(&&*key) => known.extend(more),
                (Some(Value::Object(known)), Value::Object(more)) if paging.keys.contains(&&*key) => known.extend(more),
                (None, value) if paging.keys.contains(&&*key) || (at == 0 && paging.others.contains(&&*key)) => {
                    out.insert(key, value);
                }
                _ => {}
            }
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_region_that_the_list_lacks_is_looked_at_twice() {
        let service = |name: &str| wire::service(name).unwrap();
        assert!(!unlisted(service("lambda"), "sa-east-1"));
        assert!(unlisted(service("lambda"), "xx-nowhere-1"));
        // IAM has one endpoint: the list does not speak of Regions.
        assert!(!unlisted(service("iam"), "xx-nowhere-1"));
    }
}
