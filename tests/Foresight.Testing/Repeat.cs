namespace Foresight.Testing;

/// <summary>Repetitions of a test that depends on timing: <c>FORESIGHT_REPEAT</c>, default 1.</summary>
public static class Repeat
{
    public static int Times { get; } = int.Parse(Environment.GetEnvironmentVariable("FORESIGHT_REPEAT") ?? "1");
}
