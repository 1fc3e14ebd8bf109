//! Signature version 4, by the signer of AWS's own SDK.

use crate::collect::source::{AuthError, Credential, Header, Outgoing, ProfileFile, Secrets};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use std::time::{Duration, UNIX_EPOCH};

macro_rules! credential {
    ($name:literal, $env:literal, $key:literal, $required:literal) => {
        Credential {
            name: $name,
            env: &[$env],
            files: &[ProfileFile {
                path: ".aws/credentials",
                path_env: "AWS_SHARED_CREDENTIALS_FILE",
                profile_env: "AWS_PROFILE",
                read: |text, profile| profile_value(text, profile, $key),
            }],
            required: $required,
        }
    };
}

/// Where a key is looked for.
pub const CREDENTIALS: &[Credential] = &[
    credential!("access key id", "AWS_ACCESS_KEY_ID", "aws_access_key_id", true),
    credential!("secret access key", "AWS_SECRET_ACCESS_KEY", "aws_secret_access_key", true),
    credential!("session token", "AWS_SESSION_TOKEN", "aws_session_token", false),
];

/// A value of a profile in an INI file.
fn profile_value(text: &str, profile: Option<&str>, key: &str) -> Option<String> {
    let wanted = profile.unwrap_or("default");
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name.trim() == wanted;
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == key
        {
            return Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
    }
    None
}

/// Headers that sign a request.
pub fn headers(
    request: &Outgoing<'_>,
    secrets: &Secrets,
    now_unix: i64,
    region: &str,
    service: &str,
) -> Result<Vec<Header>, AuthError> {
    let unusable = |reason| AuthError::Unusable("access key id", reason);
    let id = secrets.get("access key id")?;
    let secret = secrets.get("secret access key")?;
    let session = secrets.find("session token").map(str::to_owned);
    let identity = Credentials::new(id, secret, session, None, "placer").into();
    let time = u64::try_from(now_unix).map_err(|_| unusable("the clock is before 1970"))?;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(UNIX_EPOCH + Duration::from_secs(time))
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| unusable("it cannot be signed with"))?
        .into();
    let page = request.request;
    let address = format!("{}{}", request.origin, page.path);
    let method = if page.post.is_some() { "POST" } else { "GET" };
    let body = SignableBody::Bytes(page.post.as_deref().unwrap_or_default());
    let names = page.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let signable =
        SignableRequest::new(method, &address, names, body).map_err(|_| unusable("the request is malformed"))?;
    let signed = sign(signable, &params).map_err(|_| unusable("it cannot be signed with"))?;
    let (instructions, _) = signed.into_parts();
    let (headers, _) = instructions.into_parts();
    Ok(headers.into_iter().map(|header| Header::secret(header.name(), header.value().to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::source::Request;

    #[test]
    fn a_profile_is_read_by_name() {
        let text = "[default]\naws_access_key_id = A\n\n[work]\naws_access_key_id=B\naws_secret_access_key=\n";
        assert_eq!(profile_value(text, None, "aws_access_key_id").as_deref(), Some("A"));
        assert_eq!(profile_value(text, Some("work"), "aws_access_key_id").as_deref(), Some("B"));
        assert_eq!(profile_value(text, Some("work"), "aws_secret_access_key"), None);
        assert_eq!(profile_value(text, Some("none"), "aws_access_key_id"), None);
    }

    #[test]
    fn a_request_is_signed_as_aws_documents() {
        // "get-vanilla" of AWS's published SigV4 test suite.
        let key = "AKIDEXAMPLE".to_owned();
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned();
        let secrets = Secrets::new(vec![("access key id", key), ("secret access key", secret)]);
        let request = Request::get("x", "/");
        let outgoing = Outgoing { request: &request, origin: "https://example.amazonaws.com" };
        let headers = headers(&outgoing, &secrets, 1_440_938_160, "us-east-1", "service").expect("it can be signed");
        let value = |name: &str| headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(Header::expose);
        assert_eq!(value("x-amz-date"), Some("20150830T123600Z"));
        let expected = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                        SignedHeaders=host;x-amz-date, \
                        Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        assert_eq!(value("authorization"), Some(expected));
    }
}
