//! Publishing a status: by server-side apply, and only when it differs from what is there.

use std::fmt::Debug;

use kube::api::{Api, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{ApiError, Calls, ObjectId};

impl Calls {
    /// Makes `status` the status of `object`; `true` when that needed a write. Fields of the status that another field manager
    /// owns, and that `status` does not name, stay.
    pub async fn publish_status<K, S>(
        &self,
        api: &Api<K>,
        object: &K,
        current: Option<&S>,
        status: &S,
    ) -> Result<bool, ApiError>
    where
        K: Clone + DeserializeOwned + Debug + Resource<DynamicType = ()>,
        S: Serialize + PartialEq,
    {
        if current == Some(status) {
            return Ok(false);
        }
        let name = object.name_any();
        let body = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": {"name": name, "namespace": object.namespace()},
            "status": status,
        });
        let parameters = PatchParams::apply(self.field_manager()).force();
        self.run(
            "publish the status of",
            ObjectId::of(object),
            api.patch_status(&name, &parameters, &Patch::Apply(&body)),
        )
        .await?;
        Ok(true)
    }
}
