using Foresight.Matching.Journal;

namespace Foresight.Matching.Tests.Journal;

public sealed class JournalTransactionTests
{
    [Fact]
    public void GivenUpBeforeThereIsAConnection_ItIsNotSentAnyMore()
    {
        var transaction = new JournalTransaction(new JournalStep.Commit());
        Assert.True(transaction.TryGiveUp());
        Assert.False(transaction.TrySend());
        Assert.True(transaction.TryGiveUp(), "what was never sent stays certain, however often it is asked");
    }

    [Fact]
    public void Sent_ItCannotBeGivenUp()
    {
        var transaction = new JournalTransaction(new JournalStep.Commit());
        Assert.True(transaction.TrySend());
        Assert.False(transaction.TryGiveUp());
        Assert.False(transaction.TrySend(), "a second sending of one transaction would be another one");
    }

    [Fact]
    public void OfBothAtOnce_OneWins()
    {
        for (var i = 0; i < 2_000; i++)
        {
            var transaction = new JournalTransaction(new JournalStep.Commit());
            var (sent, givenUp) = (false, false);
            Parallel.Invoke(() => sent = transaction.TrySend(), () => givenUp = transaction.TryGiveUp());
            Assert.NotEqual(sent, givenUp);
        }
    }
}
