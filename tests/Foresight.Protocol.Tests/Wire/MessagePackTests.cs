using Foresight.Protocol;
using MessagePack;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Protocol.Tests.Wire;

public sealed class MessagePackTests
{
    private static readonly MessagePackSerializerOptions Options = new MessagePackHubProtocolOptions().SerializerOptions;

    private static readonly Type[] Sent =
    [
        typeof(ChainEvent),
        typeof(ClosingMessage),
        typeof(ClusterEvent),
        typeof(ContinuityMessage),
        typeof(DepthMessage),
        typeof(HeartbeatMessage),
        typeof(MarketStateEvent),
        typeof(Notice),
        typeof(OrdersMessage),
        typeof(StatsMessage),
        typeof(TradeStatesMessage),
        typeof(TradesMessage),
        typeof(WithdrawalsMessage),
    ];

    public static TheoryData<Type> Types => [.. Sent];

    [Fact]
    public void EveryEvent_IsWrittenSo() =>
        Golden.Check(
            "messagepack.txt",
            Sent.SelectMany(type =>
                new[] { true, false }.Select(full => $"{type.Name} {MessagePackSerializer.ConvertToJson(Write(type, full), Options)}")
            )
        );

    [Theory]
    [MemberData(nameof(Types))]
    public void Event_IsReadAsItWasWritten(Type type)
    {
        foreach (var full in new[] { true, false })
        {
            var bytes = Write(type, full);
            var read = MessagePackSerializer.Deserialize(type, bytes, Options)!;
            Assert.Equal(bytes, MessagePackSerializer.Serialize(type, read, Options));
        }
    }

    [Fact]
    public void MemberOfALaterVersion_IsPassedOver_AndAMissingOneIsEmpty()
    {
        var bytes = MessagePackSerializer.ConvertFromJson("""{"Market":7,"AddedLater":{"deep":[1,null]},"Topic":"depth"}""", Options);
        Assert.Equal(new ContinuityMessage("depth", 7, null!), MessagePackSerializer.Deserialize<ContinuityMessage>(bytes, Options));
    }

    private static byte[] Write(Type type, bool full) => MessagePackSerializer.Serialize(type, WireRecords.Make(type, full), Options);
}
