using Foresight.Console.Access;

namespace Foresight.Console.Tests.Access;

[Trait("Category", "Trust")]
public sealed class SignInTriesTests
{
    private readonly HandClock _clock = new();
    private readonly SignInTries _tries;

    public SignInTriesTests() => _tries = new SignInTries(_clock);

    [Fact]
    public void WrongKeysOfOneAddress_LeaveTheOthersTries_AndNeverUseUpWhatTheApiTakes()
    {
        Assert.Equal(SignInTries.MaxOfAddress, Enumerable.Range(0, 20).Count(_ => _tries.TryBegin("a")));
        Assert.Equal(SignInTries.MaxPerMinute - SignInTries.MaxOfAddress, Enumerable.Range(0, 20).Count(i => _tries.TryBegin($"b{i}")));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(_tries.TryBegin("a"));
    }

    [Fact]
    public void RightKeys_AreNotCounted()
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.True(_tries.TryBegin("a"));
            _tries.End("a");
        }
    }
}
