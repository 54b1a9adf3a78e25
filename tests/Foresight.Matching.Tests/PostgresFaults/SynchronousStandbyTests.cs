using Foresight.Matching.Tests.Nodes;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.PostgresFaults;

public sealed class SynchronousStandbyTests : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 72);
    private ReplicatedStores _stores = null!;
    private TestNode _node = null!;

    public async Task InitializeAsync()
    {
        _stores = await ReplicatedStores.StartAsync(synchronous: true);
        _node = await TestNode.StartAsync("n1", _stores.Settings());
        await _node.ActiveAsync();
        await _node.Router.AcceptAsync(Traders.Fund(1));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _stores.DisposeAsync();
    }

    [Fact]
    public async Task WhileTheStandbyIsFrozen_NothingIsAcknowledged_AndEachOrderHasOneOutcomeAfterwards()
    {
        var commands = Enumerable.Range(0, 20).Select(_ => Place(seconds: 2)).ToList();
        using (_stores.Freeze("postgres-replica"))
            Assert.All(await Task.WhenAll(commands.Select(command => _node.Router.SendAsync(command))), AssertOpen);
        foreach (var command in commands)
            await AssertAcceptedAsync(command);
        Assert.Equal(20L, await CountAsync());

        // While the standby stays frozen an operator can end the waiting: acknowledgements no longer need it.
        using var frozen = _stores.Freeze("postgres-replica");
        var last = Place(seconds: 2);
        AssertOpen(await _node.Router.SendAsync(last));
        await StreamingStandby.ScalarAsync(_stores.Postgres, "ALTER SYSTEM RESET synchronous_standby_names");
        await StreamingStandby.ScalarAsync(_stores.Postgres, "SELECT pg_reload_conf()");
        await AssertAcceptedAsync(last);
        Assert.Equal(21L, await CountAsync());
    }

    private static void AssertOpen(CommandResult answer) =>
        Assert.Contains(answer.Status, new[] { ResultStatus.InDoubt, ResultStatus.Late });

    private async Task<long> CountAsync() => (long)(await StreamingStandby.ScalarAsync(_stores.Postgres, "SELECT count(*) FROM orders"))!;

    private LeaderCommand Place(double seconds) =>
        _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1) with
        {
            Deadline = DateTimeOffset.UtcNow.AddSeconds(seconds),
        };

    private async Task AssertAcceptedAsync(LeaderCommand command) =>
        Assert.Equal(
            ResultStatus.Accepted,
            (await _node.Router.SendAsync(command with { Deadline = DateTimeOffset.UtcNow + Eventually.Patience })).Status
        );
}
