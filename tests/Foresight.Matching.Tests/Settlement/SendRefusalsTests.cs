using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

public sealed class SendRefusalsTests
{
    [Theory]
    [InlineData("already known", true, false)]
    [InlineData("nonce too low: next nonce 5, tx nonce 4", true, false)]
    [InlineData("replacement transaction underpriced", true, false)]
    [InlineData("transaction underpriced: tip needed 1000000000", false, true)]
    [InlineData("max fee per gas less than block base fee: address 0x…", false, true)]
    [InlineData("insufficient funds for gas * price + value", false, false)]
    public void Words_SayWhatToDoNext(string said, bool hasIt, bool feeTooLow) =>
        Assert.Equal((hasIt, feeTooLow), (SendRefusals.MeansTheNodeHasIt(said), SendRefusals.MeansTheFeeIsTooLow(said)));
}
