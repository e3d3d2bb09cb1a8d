"""Figures of a benchmark beside their targets."""

import json
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Figures of one benchmark, printed as they come and once more as the last line."""

    figures: dict[str, float] = field(default_factory=dict)
    targets: dict[str, float] = field(default_factory=dict)
    falls_short: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        value: float,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """Note a figure, with a bound where it has one."""
        self.figures[name] = round(value, 4)
        bound = at_most if at_least is None else at_least
        if bound is None:
            print(f"{name}: {value:.4g}")
            return
        self.targets[name] = bound
        missed = value > bound if at_least is None else value < bound
        if missed:
            self.falls_short.append(name)
        sign = "<=" if at_least is None else ">="
        print(f"{name}: {value:.4g} (target {sign} {bound:g}){' FALLS SHORT' if missed else ''}")

    def print_last_line(self) -> None:
        print(
            json.dumps(
                {
                    "figures": self.figures,
                    "targets": self.targets,
                    "falls_short": self.falls_short,
                }
            )
        )
