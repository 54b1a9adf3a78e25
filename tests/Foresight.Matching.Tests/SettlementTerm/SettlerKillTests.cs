using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.Tests.Settlement;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.SettlementTerm;

/// <summary>
/// kill -9 of the process that settles, at each step between a match and its finality. The exact points are found from outside, by the
/// requests of the process to the chain, so that the product has no code for the test. FORESIGHT_REPEAT sets the repetitions.
/// </summary>
[Collection(ChainCollection.Name)]
public sealed class SettlerKillTests(ChainFixture fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private Venue _venue = null!;
    private RpcProxy _proxy = null!;
    private SettlerNodes _nodes = null!;

    public async Task InitializeAsync()
    {
        _venue = await Venue.CreateAsync(fixture);
        _proxy = await RpcProxy.StartAsync(fixture.Rpc);
        _nodes = await SettlerNodes.CreateAsync(_venue, _proxy.AddressFor);
    }

    [Fact]
    public async Task KilledAtEachStep_PutsEveryBatchOnChainOnce()
    {
        var (buyer, seller) = (await _venue.AddWalletAsync(usdc: 100_000), await _venue.AddWalletAsync(shares: 100_000));
        var before = await _venue.Client.GetTransactionCountAsync(_venue.Operator.Key.Address);
        await _nodes.MineOnAsync();
        foreach (var node in new[] { "n1", "n2" })
            _nodes.Start(node);
        await _nodes.KnowAsync(buyer, seller);

        var expected = 0L;
        for (var round = 1; round <= Repeat.Times; round++)
        {
            foreach (var (step, isThere) in SettlerSteps.All())
            {
                var killed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
                _proxy.Cut = call => isThere(call) && Kill(call.Node, killed);
                await _nodes.TradeAsync(buyer, seller);
                expected++;
                var node = await killed.Task.WaitAsync(Patience);
                await _nodes[node].DisposeAsync();
                _nodes.Start(node);
                await Eventually.TrueAsync(
                    $"trade {expected} is final after a death with '{step}'; {_nodes[node].Output}",
                    Patience,
                    async () => await _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final'") == expected
                );
                output.WriteLine($"{round}: {node} killed with '{step}'");
            }
        }

        await AssertOnceAsync(expected, before, buyer.Address);
        output.WriteLine($"{expected} kills, {expected} batches, each with one transaction on chain and each trade settled once");
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes.All)
            output.WriteLine($"{node.NodeId} said last:\n{node.Output}");
        _proxy.Cut = null;
        await _nodes.DisposeAsync();
        await _proxy.DisposeAsync();
        await _venue.DisposeAsync();
    }

    private bool Kill(string node, TaskCompletionSource<string> killed)
    {
        if (killed.Task.IsCompleted)
            return false;
        _nodes[node].KillNow();
        killed.SetResult(node);
        return true;
    }

    private async Task AssertOnceAsync(long trades, long nonceBefore, Address buyer)
    {
        var batches = await _venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches");
        Assert.Equal(trades, batches);
        Assert.Equal(batches, await _venue.Client.GetTransactionCountAsync(_venue.Operator.Key.Address) - nonceBefore);
        var logs = await _venue.Client.GetLogsAsync(
            new LogFilter
            {
                FromBlock = _venue.Deployment.DeployedBlock,
                ToBlock = await _venue.Client.BlockNumberAsync(),
                Addresses = [_venue.MarketAddress],
                Topics =
                [
                    [MarketEvents.TradeSettled.Topic],
                ],
            }
        );
        var settled = logs.Select(MarketEvents.TryDecode).OfType<MarketEvent.TradeSettled>().Select(t => (long)t.TradeId).ToList();
        Assert.Equal(trades, settled.Count);
        Assert.Equal(trades, settled.Distinct().Count());
        var bought =
            await new OutcomeTokenContract(_venue.Client, _venue.Deployment.OutcomeToken).BalanceOfAsync(
                buyer,
                OutcomeTokenContract.IdOf(_venue.MarketAddress, 0)
            ) / OrderMessage.AmountPerLot;
        Assert.Equal(100_000 + (100 * trades), bought);
        Assert.Equal(0L, await _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE NOT closed"));
    }
}
