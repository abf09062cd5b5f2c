"""Writes the catalogue of real instance types that kmax's sandbox offers, from the facts moto ships.

    target/servers/venv/bin/python tests/moto/catalogue.py > instance_types.tsv
    target/servers/venv/bin/python tests/moto/catalogue.py --check FILE

The output is a tab separated table with one header line, sorted by instance type, one row for each
type that DescribeInstanceTypes knows. `--check FILE` writes nothing and exits with 1 when FILE is not
what would be written.

Columns:

    instance_type       `m5d.large`
    vcpus               default number of vCPUs
    memory_mib          memory in MiB
    architectures       comma separated, as DescribeInstanceTypes says: `x86_64`, `arm64`, `i386`, `x86_64_mac` ...
    accelerators        GPUs, FPGAs, inference and media accelerators and Neuron devices, all counted together
    bare_metal          1 or 0
    burstable           1 or 0, as DescribeInstanceTypes says (it says 0 of the newest `t` families)
    current_generation  1 or 0
    usage_classes       comma separated: `capacity-block`, `on-demand`, `spot`
    instance_store_gb   total size of the local disks in GB, 0 where there are none
    network_interfaces  how many network interfaces an instance can have
    ipv4_per_interface  how many IPv4 addresses each of them can have
    zones               letters of the zones of us-east-1 that offer the type (`abf` is us-east-1a, b and f), empty where none does
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

REGION = "us-east-1"

COLUMNS = (
    "instance_type",
    "vcpus",
    "memory_mib",
    "architectures",
    "accelerators",
    "bare_metal",
    "burstable",
    "current_generation",
    "usage_classes",
    "instance_store_gb",
    "network_interfaces",
    "ipv4_per_interface",
    "zones",
)

ACCELERATORS = (
    ("GpuInfo", "Gpus"),
    ("FpgaInfo", "Fpgas"),
    ("InferenceAcceleratorInfo", "Accelerators"),
    ("MediaAcceleratorInfo", "Accelerators"),
    ("NeuronInfo", "NeuronDevices"),
)


def accelerators(facts: dict[str, Any]) -> int:
    """Counts the accelerators of a type, whatever they are called."""
    return sum(
        device.get("Count", 1)
        for info, devices in ACCELERATORS
        for device in facts.get(info, {}).get(devices, [])
    )


def zones_by_type() -> dict[str, str]:
    """Maps each type to the letters of the zones that offer it."""
    letters: dict[str, set[str]] = defaultdict(set)
    for offering in INSTANCE_TYPE_OFFERINGS["availability-zone"][REGION]:
        zone = offering["Location"]
        if zone.startswith(REGION) and len(zone) == len(REGION) + 1:
            letters[offering["InstanceType"]].add(zone[-1])
    return {name: "".join(sorted(found)) for name, found in letters.items()}


def catalogue() -> str:
    """Renders the whole table."""
    zones = zones_by_type()
    lines = ["\t".join(COLUMNS)]
    for name in sorted(INSTANCE_TYPES):
        facts = INSTANCE_TYPES[name]
        row = (
            name,
            facts["VCpuInfo"]["DefaultVCpus"],
            facts["MemoryInfo"]["SizeInMiB"],
            ",".join(sorted(facts["ProcessorInfo"]["SupportedArchitectures"])),
            accelerators(facts),
            int(facts["BareMetal"]),
            int(facts["BurstablePerformanceSupported"]),
            int(facts["CurrentGeneration"]),
            ",".join(sorted(facts["SupportedUsageClasses"])),
            facts.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0),
            facts["NetworkInfo"]["MaximumNetworkInterfaces"],
            facts["NetworkInfo"]["Ipv4AddressesPerInterface"],
            zones.get(name, ""),
        )
        lines.append("\t".join(map(str, row)))
    return "\n".join(lines) + "\n"


def main() -> int:
    """Prints the table, or compares it with a file."""
    parser = argparse.ArgumentParser(description="Writes the catalogue of instance types.")
    parser.add_argument("--check", type=Path, metavar="FILE", help="compare with FILE")
    arguments = parser.parse_args()
    table = catalogue()
    if arguments.check is None:
        sys.stdout.write(table)
        return 0
    if arguments.check.read_text(encoding="utf-8") == table:
        return 0
    print(f"{arguments.check} is not what this script writes", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
