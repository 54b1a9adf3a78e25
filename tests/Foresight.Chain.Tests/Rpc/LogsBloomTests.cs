using Foresight.Chain.Rpc;
using Xunit;

namespace Foresight.Chain.Tests.Rpc;

public sealed class LogsBloomTests
{
    private static readonly Address Account = Address.Parse("0x1111111111111111111111111111111111111111");

    [Fact]
    public void AFilterOfTheRightSize_RulesOutWhatIsNotInIt()
    {
        Assert.False(LogsBloom.Of(Account).MayBeIn(new byte[LogsBloom.Size]));
        Assert.True(LogsBloom.Of(Account).MayBeIn(Enumerable.Repeat(byte.MaxValue, LogsBloom.Size).ToArray()));
    }

    [Theory]
    [Trait("Category", "Trust")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(LogsBloom.Size - 1)]
    [InlineData(LogsBloom.Size + 1)]
    public void AFilterOfAnotherSize_RulesOutNothing(int size)
    {
        Assert.True(LogsBloom.Of(Account).MayBeIn(new byte[size]));
        Assert.True(LogsBloom.Of(Keccak256.HashText("TradeSettled")).MayBeIn(new byte[size]));
    }
}
