//! Dated tables: actions, Regions, models, inference-profile destinations. Embedded; no network.
