using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Gateway;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Gateway;

/// <summary>
/// An Api node asked the chain a moment ago, but one that was broken into sends what it likes. The chain here holds its answers to all but
/// one wallet, and no patience ends unless the test ends it.
/// </summary>
[Trait("Category", "Trust")]
public sealed class ContractWalletChecksTests
{
    private const int Wallet = 99;
    private const int More = 200;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly Traders _traders = new(seed: 51);
    private readonly StillTime _time = new();
    private readonly HeldChain _chain = new(Traders.Key(Wallet).Address);
    private readonly SignatureGuard _guard;

    public ContractWalletChecksTests() => _guard = SignatureGuards.Of(new ChainEndpoint(new EthereumClient(_chain), 31337), _time);

    [Fact]
    public async Task OrdersOfMakersThatDoNotAnswer_KeepNoWalletFromCancelling()
    {
        var flood = await FloodAsync(Order);
        Assert.Null(await CheckAsync(Cancel(Wallet)).WaitAsync(Soon));
        Assert.All(flood, check => Assert.False(check.IsCompleted));
    }

    [Fact]
    public async Task CancelsOfMakersThatDoNotAnswer_KeepNoWalletFromTrading()
    {
        var flood = await FloodAsync(Cancel);
        Assert.Null(await CheckAsync(Order(Wallet)).WaitAsync(Soon));
        Assert.All(flood, check => Assert.False(check.IsCompleted));
    }

    [Fact]
    public async Task WhatWasNotAnsweredInTime_IsRefusedUnchecked_AndItsSlotsAreFree()
    {
        var flood = await FloodAsync(Order);
        await Eventually.TrueAsync("as many as there are slots are asked", Soon, () => _chain.Held == 16);
        _time.RingAll();
        foreach (var check in flood)
            Assert.Equal(CommandGuard.Unchecked, await check.WaitAsync(Soon));
        Assert.Null(await CheckAsync(Order(Wallet)).WaitAsync(Soon));
    }

    private async Task<List<Task<CommandGuard.Refusal?>>> FloodAsync(Func<int, LeaderCommand> command)
    {
        var (forged, refused) = await _guard.FindFaultsAsync(
            [.. Enumerable.Range(0, More).Select(i => command(1 + (i % 50)))],
            CancellationToken.None
        );
        Assert.Null(forged);
        Assert.Equal(More, refused.Count);
        return [.. refused.Values];
    }

    private async Task<CommandGuard.Refusal?> CheckAsync(LeaderCommand command)
    {
        var (_, refused) = await _guard.FindFaultsAsync([command], CancellationToken.None);
        return await refused[command];
    }

    private LeaderCommand Order(int maker) =>
        _traders.Place(maker, 1, 0, isBuy: true, price: 4_000, lots: 10) with
        {
            SignedByContract = true,
        };

    private static LeaderCommand Cancel(int maker) => Traders.SignedCancel(maker, 1, salt: "7") with { SignedByContract = true };
}
