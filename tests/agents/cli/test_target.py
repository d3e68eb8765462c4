"""The organization that a command works on."""

from datetime import timedelta

from azure_devops_agents.cli.target import open_simulator
from azure_devops_simulator.state.clock import SEED_NOW


def test_the_day_of_a_simulated_organization_is_the_day_of_its_records():
    with open_simulator("Platform") as target, target.toolkit() as toolkit:
        clock = toolkit.client.context.clock
        assert timedelta(0) <= clock() - SEED_NOW < timedelta(minutes=5)
        earlier = clock()
        assert clock() > earlier, "time passes there too, or no time limit would ever end a question"
