"""What setup.cfg cannot say: the addresses of the repository that builds the packages, which its workflow knows."""

from __future__ import annotations

import os

from setuptools import setup

SERVER, REPOSITORY = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")


def addresses(home: str) -> dict[str, str]:
    return {
        "Source": home,
        "Documentation": f"{home}/blob/main/docs/index.md",
        "Changelog": f"{home}/blob/main/CHANGELOG.md",
        "Issues": f"{home}/issues",
        "Security": f"{home}/security/policy",
    }


setup(project_urls=addresses(f"{SERVER}/{REPOSITORY}") if SERVER and REPOSITORY else {})
