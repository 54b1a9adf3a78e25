using System.Text.Json;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Orders;

public sealed class LeaderCommandTests
{
    private static readonly string Maker = Traders.Address(1);

    /// <summary>Nodes of other versions read these numbers on the wire, so they must not change.</summary>
    public static TheoryData<int, LeaderCommand> Kinds =>
        new()
        {
            { 1, new Traders(seed: 5).Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10, timeInForce: 1, expiry: 9, key: "k") },
            { 2, Traders.CancelBySalt(1, 2, "3") },
            { 3, Traders.CancelByHash(1, 2, "0xab") },
            { 4, Traders.Settle(trade: 7, block: 8) },
            { 5, Traders.Bust(trade: 7, block: 8, "order_expired") },
            { 6, Traders.FundShares(1, 2, 1, lots: 30, block: 4) },
            {
                7,
                new SetMarketState(2, State: 3, WinningOutcome: 1)
                {
                    RequestId = Guid.NewGuid(),
                    Shard = 2,
                    TraceParent = "00-1",
                }
            },
            {
                8,
                new CancelAllOfMarket(2) { RequestId = Guid.NewGuid() }
            },
            { 9, Traders.Reduce(1, 2, "0xab", filledLots: 5) },
            {
                10,
                new AllotCollateral(Maker, Units: -5, Block: 6, OnlyFree: true) { RequestId = Guid.NewGuid() }
            },
        };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ACommand_ComesAsItWasSent_NamedByItsNumber(int number, LeaderCommand command)
    {
        var text = JsonSerializer.Serialize(new CommandBatch([command]), JsonSerializerOptions.Web);
        Assert.Equal(number, JsonDocument.Parse(text).RootElement.GetProperty("commands")[0].GetProperty("kind").GetInt32());
        Assert.Equal(command, Assert.Single(JsonSerializer.Deserialize<CommandBatch>(text, JsonSerializerOptions.Web)!.Commands));
    }

    [Theory]
    [InlineData("""{"kind":1,"requestId":"7d9f6f0a-6a3b-4f0f-8f7e-1d2c3b4a5968","hash":"0xab","maker":"0x01"}""")]
    [InlineData("""{"kind":4,"tradeId":1,"block":2}""")]
    [InlineData("""{"kind":14,"requestId":"7d9f6f0a-6a3b-4f0f-8f7e-1d2c3b4a5968"}""")]
    public void ACommandOfAnUnknownKind_OrWithoutWhatItNeeds_IsNotRead(string text) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<LeaderCommand>(text, JsonSerializerOptions.Web));

    /// <summary>Rows of earlier versions stay in the journal: they wrote <c>commands.result</c> with every member.</summary>
    [Fact]
    public void AStoredResult_StaysReadable()
    {
        const string Stored = """
            {"requestId":"7d9f6f0a-6a3b-4f0f-8f7e-1d2c3b4a5968","status":0,"code":null,"epoch":7,"sequence":11,
             "orderStatus":"partially_filled","filledLots":40,"remainingLots":60,
             "fills":[{"tradeId":3,"priceTicks":5000,"lots":40,"isTaker":true}],"cancelled":null,
             "commitLsn":null,"orderHash":"0xab"}
            """;
        var result = JsonSerializer.Deserialize<CommandResult>(Stored, JsonSerializerOptions.Web)!;
        Assert.Equal(
            (ResultStatus.Accepted, 7L, 11L, "partially_filled", 40L, 60L, "0xab"),
            (result.Status, result.Epoch, result.Sequence, result.OrderStatus, result.FilledLots, result.RemainingLots, result.OrderHash)
        );
        Assert.Equal(new CommandFill(3, 5_000, 40, IsTaker: true), Assert.Single(result.Fills!));
        Assert.True(
            JsonElement.DeepEquals(
                JsonDocument.Parse(Stored).RootElement,
                JsonSerializer.SerializeToElement(result, JsonSerializerOptions.Web)
            )
        );
    }
}
