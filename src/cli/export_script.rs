//! `alicerce export-script`: prints the shell script that fills an export with the AWS CLI alone.

use clap::Args;
use miette::{Report as Failure, miette};

use crate::collect::script::{Settings, script};

/// What the script is to read.
#[derive(Debug, Args)]
pub(super) struct ExportScriptArgs {
    /// The Regions to read, separated by commas; `auto`: those that each account has enabled
    #[arg(long, value_name = "LIST", default_value = "auto", value_delimiter = ',')]
    regions: Vec<String>,
    /// A profile of the AWS configuration files
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// All accounts of the organisation; run the script in the management account or a delegated administrator
    #[arg(long)]
    org: bool,
    /// The role to assume in each member account
    #[arg(long, value_name = "NAME", default_value = "AlicerceReadOnly", requires = "org")]
    role: String,
    /// The external id that the role asks for
    #[arg(long, value_name = "ID", requires = "org")]
    external_id: Option<String>,
}

impl ExportScriptArgs {
    pub(super) fn run(self) -> Result<u8, Failure> {
        let automatic = self.regions.iter().any(|region| region == "auto");
        let odd =
            |region: &&String| region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if let Some(region) = self.regions.iter().find(odd) {
            return Err(miette!("`{region}` is not the name of a Region"));
        }
        let settings = Settings {
            regions: if automatic { Vec::new() } else { self.regions },
            profile: self.profile,
            organization: self.org,
            role: self.role,
            external_id: self.external_id,
        };
        super::print(&script(&settings))?;
        Ok(0)
    }
}
