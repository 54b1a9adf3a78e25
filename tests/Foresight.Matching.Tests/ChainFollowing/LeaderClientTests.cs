using Foresight.Chain;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.ChainFollowing;

[Trait("Category", "Trust")]
public class LeaderClientTests
{
    private static readonly Deployment Deployment = new(
        31337,
        default,
        Address.Zero,
        Address.Zero,
        Address.Zero,
        0,
        1,
        BlockOffset: 0,
        TimeSpan.FromDays(1),
        []
    );

    [Fact]
    public async Task AHoldingWithoutRoom_HoldsNobodyUp()
    {
        var client = Client("no_room");
        await client.DeliverAsync([client.Observe(new ChainHolding(Address.Zero, null, 0, 1), 5)], CancellationToken.None);
    }

    [Fact]
    public async Task ASettlementWithoutRoom_IsNotSkipped()
    {
        var client = Client("no_room");
        await Assert.ThrowsAsync<UndeliveredException>(() => client.DeliverAsync([client.Settle(1, 5)], CancellationToken.None));
    }

    [Theory]
    [InlineData(ProblemCodes.MalformedRequest)]
    [InlineData(ProblemCodes.Unavailable)]
    public async Task AHoldingRefusedForAnythingElse_IsNotSkipped(string code)
    {
        var client = Client(code);
        await Assert.ThrowsAsync<UndeliveredException>(() =>
            client.DeliverAsync([client.Observe(new ChainHolding(Address.Zero, null, 0, 1), 5)], CancellationToken.None)
        );
    }

    private static LeaderClient Client(string refusal) =>
        new(
            (commands, _) =>
                Task.FromResult<IReadOnlyList<CommandResult>>([
                    .. commands.Select(command => new CommandResult(command.RequestId, ResultStatus.Rejected, refusal, 1, 1)),
                ]),
            Deployment,
            new SettlementOptions(),
            TimeProvider.System,
            NullLogger.Instance
        );
}
