"""A search space: parameters in a fixed order, some of them only under a condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trials.space.parameters import Parameter, parameter_from_data, same


@dataclass(frozen=True)
class Space:
    """The parameters of a study in the order of its plan.

    A parameter with `when` varies only in configurations in which every condition holds; elsewhere it is absent.
    Raises ValueError for two parameters of one name, a condition on a missing parameter, or conditions in a circle.
    """

    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name}: given twice; remove one")
        for parameter in self.parameters:
            for other in parameter.when:
                if other not in names:
                    raise ValueError(f"{parameter.name}.when: there is no parameter {other!r}; name one of the space")
        if circle := find_circle({parameter.name: tuple(parameter.when) for parameter in self.parameters}):
            raise ValueError(f"{circle[0]}.when: {' depends on '.join(circle)}; break the circle")

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Parameter:
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the parameters, in the order of the plan."""
        return tuple(parameter.name for parameter in self.parameters)

    def in_order(self) -> tuple[Parameter, ...]:
        """Return the parameters so that each stands after those its conditions name; ties keep the plan's order."""
        placed: list[Parameter] = []
        waiting = list(self.parameters)
        while waiting:
            names = {parameter.name for parameter in placed}
            ready = next(parameter for parameter in waiting if names.issuperset(parameter.when))
            placed.append(ready)
            waiting.remove(ready)
        return tuple(placed)

    def is_active(self, parameter: Parameter, params: Mapping[str, object]) -> bool:
        """Say whether the parameter varies in a configuration that holds the values of those before it."""
        return all(
            other in params and any(same(params[other], value) for value in values)
            for other, values in parameter.when.items()
        )

    def problems(self, params: Mapping[str, object]) -> list[tuple[str, str]]:
        """Return what is wrong with a configuration as (parameter, what and the remedy); empty if it fits.

        A configuration fits if it gives every parameter whose conditions hold a value of its range, and no other.
        """
        found = [
            (name, f"there is no such parameter in the space; it has {', '.join(self.names)}")
            for name in params
            if name not in self
        ]
        for parameter in self.in_order():
            if problem := self._problem(parameter, params):
                found.append((parameter.name, problem))
        return found

    def contains(self, params: Mapping[str, object]) -> bool:
        """Say whether a configuration fits this space."""
        return not self.problems(params)

    def to_data(self) -> list[dict[str, object]]:
        """Return plain data; a list, because the order counts and a database may reorder an object's keys."""
        return [parameter.to_data() for parameter in self.parameters]

    @classmethod
    def from_data(cls, data: Sequence[Mapping[str, object]] | Mapping[str, Mapping[str, object]]) -> Space:
        """Return the space that `to_data` wrote, or one given as a plan gives it: fields by name."""
        items = [{"name": name, **fields} for name, fields in data.items()] if isinstance(data, Mapping) else data
        return cls(tuple(parameter_from_data(item) for item in items))

    def _problem(self, parameter: Parameter, params: Mapping[str, object]) -> str:
        active, given = self.is_active(parameter, params), parameter.name in params
        if active and not given:
            return f"missing; give a value from {parameter.describe()}"
        if given and not active:
            return f"does not vary here ({conditions_in_words(parameter)}); leave it out"
        if given and not parameter.contains(params[parameter.name]):
            return f"{params[parameter.name]!r} is not in the space ({parameter.describe()}); choose a value within"
        return ""


def conditions_in_words(parameter: Parameter) -> str:
    """Return the conditions as `only when optimizer is sgd or momentum`."""
    parts = (f"{name} is {' or '.join(map(str, values))}" for name, values in parameter.when.items())
    return f"only when {' and '.join(parts)}"


def find_circle(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names along one circle of dependencies, the first one repeated at the end; empty if there is none."""
    cleared: set[str] = set()
    for start in needs:
        path: list[str] = [start]
        # Depth first without recursion: a chain as long as the plan must not exhaust the stack.
        stack = [iter(needs[start])]
        while stack:
            other = next(stack[-1], None)
            if other is None:
                stack.pop()
                cleared.add(path.pop())
            elif other in path:
                return [*path[path.index(other) :], other]
            elif other in needs and other not in cleared:
                path.append(other)
                stack.append(iter(needs[other]))
    return []
