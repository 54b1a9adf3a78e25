using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Live;

public sealed class FreshnessTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void BeforeTheFirstAnswer_ThereIsNeitherAValueNorStaleness()
    {
        var value = new LiveValue<string>();
        Assert.Equal((null, false, false, null), (value.Value, value.HasValue, value.IsStale, value.FailingSince));
    }

    [Fact]
    public void Failure_KeepsTheValue_AndTheTimeOfTheFirstFailure()
    {
        var value = new LiveValue<string>();
        value.Set("known", Noon);
        value.Fail("first", Noon.AddSeconds(1));
        value.Fail("second", Noon.AddSeconds(2));
        Assert.Equal(("known", true, true), (value.Value, value.HasValue, value.IsStale));
        Assert.Equal((Noon, Noon.AddSeconds(1), "second"), (value.ReadAt!.Value, value.FailingSince!.Value, value.Failure));
    }

    [Fact]
    public void Answer_EndsTheFailure_AndALaterOneBeginsItsOwn()
    {
        var value = new LiveValue<string>();
        value.Fail("never reached", Noon);
        Assert.Equal((true, false), (value.IsStale, value.HasValue));

        value.Set("read", Noon.AddSeconds(1));
        Assert.Equal((false, null, null), (value.IsStale, value.FailingSince, value.Failure));

        value.Fail("again", Noon.AddSeconds(9));
        Assert.Equal(Noon.AddSeconds(9), value.FailingSince);
    }

    [Fact]
    public void SourceThatIsDown_IsAsOldAsTheNodeSaysIt_NotAsTheAnswerIs()
    {
        var source = new SourceFreshness("Redis");
        source.Take(new SourceView(SourceView.Down, Noon.AddMinutes(-3)), Noon);
        Assert.Equal(
            (Noon.AddMinutes(-3), Noon, "Redis does not answer."),
            (source.ReadAt!.Value, source.FailingSince!.Value, source.Failure)
        );

        source.Take(new SourceView(SourceView.Up, Noon.AddSeconds(1)), Noon.AddSeconds(1));
        Assert.Equal((false, Noon.AddSeconds(1)), (source.IsStale, source.ReadAt!.Value));
    }

    [Fact]
    public void SourceThatWasNeverRead_HasNoValue()
    {
        var source = new SourceFreshness("Postgres");
        source.Take(new SourceView(SourceView.Down, null), Noon);
        Assert.Equal((true, false), (source.IsStale, source.HasValue));
    }

    [Fact]
    public void NodeThatSaysNothingOfItsSources_IsBelieved()
    {
        var source = new SourceFreshness("Redis");
        source.Take(null, Noon);
        Assert.Equal((false, Noon), (source.IsStale, source.ReadAt!.Value));
    }
}
