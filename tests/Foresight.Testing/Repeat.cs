namespace Foresight.Testing;

/// <summary>How often a test of something that needs luck tries its luck: <c>FORESIGHT_REPEAT</c>, once if it is not set.</summary>
public static class Repeat
{
    public static int Times { get; } = int.Parse(Environment.GetEnvironmentVariable("FORESIGHT_REPEAT") ?? "1");
}
