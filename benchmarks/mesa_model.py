"""The daily loop of a crisis as one would write it in Mesa: agents for quantities and for actions.

As many parts as `synthetic.crisis_of_real_size`: 40 stocks, 20 stages, 60 actions of 4 factors, 10 memories,
30 watches. An action fires at most once a day, with probability 1 − exp(−intensity).
"""

from __future__ import annotations

import math

import mesa

import synthetic


class Quantity(mesa.Agent):
    """A stock: most follow another one or drift, some with noise."""

    def __init__(self, model: Crisis, number: int) -> None:
        super().__init__(model)
        self.number = number
        self.value = 50.0 + number

    def flow(self) -> None:
        """Change by a day's flow and noise."""
        if self.number >= 24:
            return
        if self.number < 10:
            other = self.model.quantities[(self.number + 7) % synthetic.N_STOCKS].value
            change = (0.5 * other + 30.0 - self.value) * (1.0 - math.exp(-1.0 / (60.0 + 10.0 * self.number)))
            if self.number < 6:
                change += 0.8 * self.random.gauss(0.0, 1.0)
            self.value += change
        elif self.number < 18:
            self.value += 0.02 * (1.5 if self.model.stages[self.number % synthetic.N_STAGES] == 1 else 1.0)
        else:
            noise = 0.01 * (2.0 if self.model.stages[self.number % synthetic.N_STAGES] == 2 else 1.0)
            self.value *= math.exp(noise * self.random.gauss(0.0, 1.0))
        self.value = min(max(self.value, 0.0), 1000.0)


class Action(mesa.Agent):
    """A clock with four factors."""

    def __init__(self, model: Crisis, number: int) -> None:
        super().__init__(model)
        self.number = number
        self.rate = 0.0003 * (1.0 + number % 5)
        self.first = math.inf

    def intensity(self) -> float:
        """Rate times factors [1/day]."""
        model, number = self.model, self.number
        if number % 3 == 0 and model.stages[(number + 3) % synthetic.N_STAGES] == 2:
            return 0.0
        level = model.quantities[number % synthetic.N_STOCKS].value
        rate = self.rate * min(max(1.5 ** ((level - 50.0 - number % synthetic.N_STOCKS) / 40.0), 0.25), 4.0)
        if model.stages[number * 7 % synthetic.N_STAGES] == 1:
            rate *= 1.6
        rate *= min(3.0, 1.0 + 0.5 * model.memories[(number + 1) % synthetic.N_MEMORIES])
        other = model.quantities[(number * 11 + 5) % synthetic.N_STOCKS].value
        match number % 4:
            case 0:
                return rate * min(max(1.2 ** (math.log(other / 50.0) / math.log(2.0)), 0.5), 2.0)
            case 1:
                return rate * min(max(other / (other + 50.0), 0.0), 1.0)
            case 2:
                tense = model.stages[number % synthetic.N_STAGES] == 1
                return rate * (1.4 if other > 60.0 and tense else 1.0)
        return rate * 1.5 ** ((200.0 - abs(196.0 - model.day)) / 100.0)

    def act(self) -> None:
        """Fire or not today."""
        if self.random.random() >= 1.0 - math.exp(-self.intensity()):
            return
        model, number = self.model, self.number
        self.first = min(self.first, model.day)
        model.memories[number % synthetic.N_MEMORIES] += 1.0
        model.quantities[number % synthetic.N_STOCKS].value += 3.0 if number % 2 else -3.0
        model.stages[number % synthetic.N_STAGES] = number % 3


class Crisis(mesa.Model):
    """One future."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed)
        self.day = 0.0
        self.stages = [number % 2 for number in range(synthetic.N_STAGES)]
        self.memories = [0.1] * synthetic.N_MEMORIES
        self.fading = [0.5 ** (1.0 / (20.0 + 5.0 * number)) for number in range(synthetic.N_MEMORIES)]
        self.quantities = [Quantity(self, number) for number in range(synthetic.N_STOCKS)]
        self.actions = [Action(self, number) for number in range(synthetic.N_CLOCKS)]
        self.answers = [math.inf] * 30

    def step(self) -> None:
        """Go through one day."""
        self.day += 1.0
        self.agents_by_type[Action].do("act")
        self.memories = [value * factor for value, factor in zip(self.memories, self.fading, strict=True)]
        self.agents_by_type[Quantity].do("flow")
        for number in range(30):
            if self.answers[number] == math.inf and self.quantities[number].value > 70.0 + number:
                self.answers[number] = self.day


def run(trajectories: int) -> None:
    """Simulate some futures, one after another."""
    for seed in range(trajectories):
        model = Crisis(seed)
        for _ in range(round(synthetic.HORIZON)):
            model.step()
