//! Images, instance types, and where these are sold.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self, LocationType};
use kmax_cloud::{CloudError, Operation, Page, ops};
use kmax_model::{Image, InstanceType, Offering};

use super::{filter, next_page, page_size};
use crate::error::convert;

pub(crate) async fn describe_images(
    client: &Client,
    input: ops::DescribeImages,
) -> Result<Page<Image>, CloudError> {
    let ops::DescribeImages { ids, next_token } = input;
    if ids.is_empty() {
        // Without a filter EC2 would list every public image there is.
        return Ok(Page::default());
    }
    let call = client
        .describe_images()
        .filters(filter("image-id", ids))
        .include_deprecated(true)
        .set_next_token(next_token);
    let answer = call.send().await.map_err(|e| convert(Operation::DescribeImages, e))?;
    let items = answer.images.unwrap_or_default().into_iter().map(image).collect();
    Ok(Page { items, next_token: next_page(answer.next_token) })
}

fn image(image: types::Image) -> Image {
    Image {
        id: image.image_id.unwrap_or_default(),
        name: image.name.unwrap_or_default(),
        architecture: image.architecture.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        state: image.state.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        deprecation_time: image.deprecation_time.filter(|time| !time.is_empty()),
    }
}

pub(crate) async fn describe_instance_types(
    client: &Client,
    input: ops::DescribeInstanceTypes,
) -> Result<Page<InstanceType>, CloudError> {
    let ops::DescribeInstanceTypes { architecture, max_results, next_token } = input;
    let filters =
        architecture.map(|arch| vec![filter("processor-info.supported-architecture", [arch])]);
    let call = client
        .describe_instance_types()
        .set_filters(filters)
        .set_max_results(page_size(max_results))
        .set_next_token(next_token);
    let answer = call.send().await.map_err(|e| convert(Operation::DescribeInstanceTypes, e))?;
    let items = answer.instance_types.unwrap_or_default().into_iter().map(instance_type).collect();
    Ok(Page { items, next_token: next_page(answer.next_token) })
}

fn instance_type(info: types::InstanceTypeInfo) -> InstanceType {
    let accelerators = accelerators(&info);
    let architectures =
        info.processor_info.and_then(|it| it.supported_architectures).unwrap_or_default();
    let usage_classes = info.supported_usage_classes.unwrap_or_default();
    let network = info.network_info.as_ref();
    InstanceType {
        name: info.instance_type.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        vcpus: info.v_cpu_info.and_then(|it| it.default_v_cpus).map_or(0, unsigned),
        memory_mib: info
            .memory_info
            .and_then(|it| it.size_in_mib)
            .and_then(|mib| mib.try_into().ok())
            .unwrap_or_default(),
        architectures: architectures.iter().map(|it| it.as_str().to_owned()).collect(),
        accelerators,
        bare_metal: info.bare_metal.unwrap_or_default(),
        burstable: info.burstable_performance_supported.unwrap_or_default(),
        current_generation: info.current_generation.unwrap_or_default(),
        usage_classes: usage_classes.iter().map(|it| it.as_str().to_owned()).collect(),
        instance_store_gb: info
            .instance_storage_info
            .and_then(|it| it.total_size_in_gb)
            .and_then(|gb| gb.try_into().ok())
            .unwrap_or_default(),
        network_interfaces: network
            .and_then(|it| it.maximum_network_interfaces)
            .map_or(0, unsigned),
        ipv4_per_interface: network
            .and_then(|it| it.ipv4_addresses_per_interface)
            .map_or(0, unsigned),
    }
}

/// Counts the accelerators of all kinds; a device without a count is one.
fn accelerators(info: &types::InstanceTypeInfo) -> u32 {
    let gpus = info.gpu_info.iter().flat_map(types::GpuInfo::gpus).map(|it| it.count);
    let fpgas = info.fpga_info.iter().flat_map(types::FpgaInfo::fpgas).map(|it| it.count);
    let inference = info.inference_accelerator_info.iter();
    let inference =
        inference.flat_map(types::InferenceAcceleratorInfo::accelerators).map(|it| it.count);
    let media = info.media_accelerator_info.iter();
    let media = media.flat_map(types::MediaAcceleratorInfo::accelerators).map(|it| it.count);
    let neuron = info.neuron_info.iter();
    let neuron = neuron.flat_map(types::NeuronInfo::neuron_devices).map(|it| it.count);
    let counts = gpus.chain(fpgas).chain(inference).chain(media).chain(neuron);
    counts.map(|count| count.map_or(1, unsigned)).sum()
}

fn unsigned(count: i32) -> u32 {
    count.try_into().unwrap_or_default()
}

pub(crate) async fn describe_instance_type_offerings(
    client: &Client,
    input: ops::DescribeInstanceTypeOfferings,
) -> Result<Page<Offering>, CloudError> {
    let ops::DescribeInstanceTypeOfferings { zones, max_results, next_token } = input;
    let filters = (!zones.is_empty()).then(|| vec![filter("location", zones)]);
    let call = client
        .describe_instance_type_offerings()
        .location_type(LocationType::AvailabilityZone)
        .set_filters(filters)
        .set_max_results(page_size(max_results))
        .set_next_token(next_token);
    let answer =
        call.send().await.map_err(|e| convert(Operation::DescribeInstanceTypeOfferings, e))?;
    let offerings = answer.instance_type_offerings.unwrap_or_default().into_iter();
    let items = offerings
        .map(|offering| Offering {
            instance_type: offering
                .instance_type
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
            zone: offering.location.unwrap_or_default(),
        })
        .collect();
    Ok(Page { items, next_token: next_page(answer.next_token) })
}
