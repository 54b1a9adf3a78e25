using System.Text;
using Foresight.Matching.Loop;

namespace Foresight.Matching.Tests.Loop;

public sealed class FailedCommandReasonTests
{
    /// <summary>A text that ends in half a surrogate pair cannot be sent to Postgres; that failure would end the term after all.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void ALongReason_IsCutBetweenCharacters(int offset)
    {
        var reason = FailedCommands.ReasonOf(
            new InvalidOperationException(new string('x', offset) + string.Concat(Enumerable.Repeat("\U0001F4A5", 4_000)))
        );
        Assert.InRange(reason.Length, 3_999, 4_000);
        Assert.NotEmpty(new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(reason));
    }

    [Fact]
    public void TheCharacterThatPostgresCannotStore_IsLeftOut() =>
        Assert.DoesNotContain('\0', FailedCommands.ReasonOf(new InvalidOperationException("a\0b")));
}
