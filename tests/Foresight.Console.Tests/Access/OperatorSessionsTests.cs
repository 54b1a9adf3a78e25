using Foresight.Console.Access;
using Foresight.Console.Api;

namespace Foresight.Console.Tests.Access;

public sealed class OperatorSessionsTests
{
    private readonly HandClock _clock = new();
    private readonly OperatorSessions _sessions;

    public OperatorSessionsTests() => _sessions = new OperatorSessions(_clock);

    [Fact]
    public void Key_IsKnownUntilTheSessionExpires()
    {
        Assert.True(_sessions.Remember("s", "key", _clock.Now.AddHours(1)));
        Assert.Equal("key", _sessions.KeyOf("s"));
        Assert.Null(_sessions.KeyOf("another"));

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(_sessions.KeyOf("s"));
    }

    [Fact]
    public void UseOfTheTicket_ProlongsTheSession()
    {
        _sessions.Remember("s", "key", _clock.Now.AddHours(1));
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.True(_sessions.Remember("s", "key", _clock.Now.AddHours(1)));
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("key", _sessions.KeyOf("s"));
    }

    [Fact]
    public void EndedSession_HasNoKey_AndItsTicketIsNotAcceptedAgain()
    {
        _sessions.Remember("s", "key", _clock.Now.AddHours(1));
        _sessions.End("s");
        Assert.Null(_sessions.KeyOf("s"));
        Assert.False(_sessions.Remember("s", "key", _clock.Now.AddHours(8)));
        Assert.Null(_sessions.KeyOf("s"));
    }

    [Fact]
    public void EndOfASessionThatIsNotKnown_IsRememberedToo()
    {
        _sessions.End("from-before-a-restart");
        Assert.False(_sessions.Remember("from-before-a-restart", "key", _clock.Now.AddHours(1)));
    }

    [Fact]
    public void OneSessionMoreThanTheBound_IsRefused_UntilOneHasExpired()
    {
        Assert.True(_sessions.Remember("short", "key", _clock.Now.AddMinutes(1)));
        for (var i = 1; i < OperatorSessions.MaxSessions; i++)
            Assert.True(_sessions.Remember($"s{i}", "key", _clock.Now.AddHours(8)));

        Assert.False(_sessions.Remember("too many", "key", _clock.Now.AddHours(8)));
        Assert.True(_sessions.Remember("s1", "key", _clock.Now.AddHours(8)));

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(_sessions.Remember("too many", "key", _clock.Now.AddHours(8)));
        Assert.Equal("key", _sessions.KeyOf("s1"));
    }

    [Fact]
    public void EndedSessions_AreNotForgottenForRoom_BeforeTheirTicketsExpire()
    {
        for (var i = 0; i < OperatorSessions.MaxSessions; i++)
        {
            _sessions.Remember($"s{i}", "key", _clock.Now.AddHours(8));
            _sessions.End($"s{i}");
        }

        _clock.Advance(TimeSpan.FromHours(7));
        Assert.False(_sessions.Remember("new", "key", _clock.Now.AddHours(8)));
        Assert.False(_sessions.Remember("s0", "key", _clock.Now.AddHours(8)));
    }

    [Fact]
    public void Credential_AsksForTheKeyEachTime_SoThatASignOutEndsOpenPages()
    {
        var credential = new OperatorCredential();
        Assert.Equal((null, ""), (credential.Key, credential.OperatorName));

        _sessions.Remember("s", "key", _clock.Now.AddHours(1));
        credential.Use("Ada", () => _sessions.KeyOf("s"));
        Assert.Equal(("key", "Ada"), (credential.Key, credential.OperatorName));

        _sessions.End("s");
        Assert.Equal((null, "Ada"), (credential.Key, credential.OperatorName));
    }
}
