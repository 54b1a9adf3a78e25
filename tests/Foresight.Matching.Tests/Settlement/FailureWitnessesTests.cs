using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

[Trait("Category", "Trust")]
public sealed class FailureWitnessesTests
{
    private static readonly SettlementFailure Failure = new(
        SettlementFailure.InvalidSignature,
        FailureBlame.Nobody,
        Account: null,
        OrderHash: null,
        "the order is not signed"
    );

    private readonly FailureWitnesses _witnesses = new(new EthereumClient(new Endpoint()));

    [Fact]
    public async Task AnOpenClaim_IsBelievedAfterItsLooks()
    {
        for (var look = 0; look < FailureWitnesses.MostLooks; look++)
            Assert.NotNull(await DoubtAsync(1));
        Assert.Null(await DoubtAsync(1));
    }

    /// <summary>A trade that never comes again, because another holder of the term settled it, leaves its claim behind.</summary>
    [Fact]
    public async Task OpenClaims_AreBounded_AndTheOldestBeginsAgain()
    {
        foreach (var trade in new[] { 1, 2 })
            for (var look = 0; look < FailureWitnesses.MostLooks; look++)
                Assert.NotNull(await DoubtAsync(trade));
        for (var other = 1; other < FailureWitnesses.MaxOpen; other++)
            Assert.NotNull(await DoubtAsync(2 + other));
        Assert.Null(await DoubtAsync(2));
        Assert.NotNull(await DoubtAsync(1));
    }

    /// <summary>The step may end before the failure is stored, for example because of another trade.</summary>
    [Fact]
    public async Task WhatIsBelieved_IsBelievedAgain_UntilItIsForgotten()
    {
        for (var look = 0; look < FailureWitnesses.MostLooks; look++)
            Assert.NotNull(await DoubtAsync(1));
        for (var again = 0; again < 3; again++)
            Assert.Null(await DoubtAsync(1));
        _witnesses.Forget(1);
        Assert.NotNull(await DoubtAsync(1));
    }

    [Fact]
    public async Task ATradeThatIsForgotten_BeginsAgain()
    {
        for (var look = 0; look < FailureWitnesses.MostLooks; look++)
            Assert.NotNull(await DoubtAsync(1));
        _witnesses.Forget(1);
        Assert.NotNull(await DoubtAsync(1));
    }

    private Task<string?> DoubtAsync(long trade) =>
        _witnesses.DoubtAsync(trade, new CallRequest(Address.Zero, []), Failure, BlockRef.Number(9), CancellationToken.None);

    /// <summary>Another endpoint of it is well and never has the block.</summary>
    private sealed class Endpoint : NodeClient
    {
        public override IReadOnlyList<NodeClient> WellEndpoints => [this];

        public override Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken) =>
            throw new RpcUnavailableException(requests[0].Method, "the block is not here");
    }
}
