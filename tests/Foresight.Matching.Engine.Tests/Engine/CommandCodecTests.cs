namespace Foresight.Matching.Engine.Tests.Engine;

public sealed class CommandCodecTests
{
    private static readonly Command Everything = new()
    {
        Kind = CommandKind.PlaceOrder,
        Sequence = long.MaxValue,
        AcceptedAtMicros = 2,
        Market = new MarketId(-3),
        Account = new AccountId(4),
        Order = new OrderId(long.MinValue),
        Trade = new TradeId(6),
        Outcome = 255,
        Side = Side.Sell,
        Price = new Price(8),
        Quantity = new Quantity(9),
        Amount = new Amount(-10),
        TimeInForce = TimeInForce.FillOrKill,
        PostOnly = true,
        SelfTradePrevention = SelfTradePrevention.CancelBoth,
        ExpiresAtSeconds = 11,
        SaltTag = ulong.MaxValue,
        Outcomes = 12,
        TickSize = 13,
        State = MarketState.Resolved,
        Block = 14,
    };

    [Fact]
    public void Decode_OfWhatWasEncoded_IsTheCommand()
    {
        foreach (var kind in Enum.GetValues<CommandKind>().Where(kind => kind != CommandKind.None))
        {
            var bytes = new byte[CommandCodec.Size];
            var command = Everything with { Kind = kind, Purse = PurseChoice.Vault, FirmOnly = true, ProceedsWait = true };
            CommandCodec.Encode(command, bytes);
            Assert.Equal(command, CommandCodec.Decode(bytes));
        }
    }

    /// <summary>The journal is read for years, so the byte layout of version 1 may never change.</summary>
    [Fact]
    public void Encode_IsTheFormatOfVersion1()
    {
        var bytes = new byte[CommandCodec.Size];
        CommandCodec.Encode(Everything, bytes);
        Assert.Equal(
            "0103FF010301020C03"
                + new string('0', 14)
                + "FFFFFFFFFFFFFF7F"
                + "0200000000000000"
                + "0000000000000080"
                + "0600000000000000"
                + "0900000000000000"
                + "F6FFFFFFFFFFFFFF"
                + "0B00000000000000"
                + "FFFFFFFFFFFFFFFF"
                + "0E00000000000000"
                + "FDFFFFFF"
                + "04000000"
                + "08000000"
                + "0D000000"
                + new string('0', 48),
            Convert.ToHexString(bytes)
        );
    }

    [Fact]
    public void Encode_IntoUsedBytes_LeavesNothingOfThem()
    {
        var clean = new byte[CommandCodec.Size];
        var used = new byte[CommandCodec.Size];
        Array.Fill(used, (byte)0xEE);
        CommandCodec.Encode(Everything, clean);
        CommandCodec.Encode(Everything, used);
        Assert.Equal(clean, used);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(1, 0)]
    [InlineData(1, 18)]
    [InlineData(3, 2)]
    [InlineData(4, 4)]
    [InlineData(5, 2)]
    [InlineData(6, 3)]
    [InlineData(8, 4)]
    [InlineData(9, 3)]
    [InlineData(10, 2)]
    [InlineData(11, 2)]
    [InlineData(12, 1)]
    [InlineData(127, 1)]
    public void Decode_OfAValueThatNoCommandHas_Throws(int at, byte value)
    {
        var bytes = new byte[CommandCodec.Size];
        CommandCodec.Encode(Everything, bytes);
        bytes[at] = value;
        Assert.Throws<FormatException>(() => CommandCodec.Decode(bytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(CommandCodec.Size - 1)]
    [InlineData(CommandCodec.Size + 1)]
    public void Decode_OfAnotherSize_Throws(int size) => Assert.Throws<FormatException>(() => CommandCodec.Decode(new byte[size]));

    [Fact]
    public void Encode_IntoTooLittle_Throws() =>
        Assert.Throws<ArgumentException>(() => CommandCodec.Encode(Everything, new byte[CommandCodec.Size - 1]));
}
