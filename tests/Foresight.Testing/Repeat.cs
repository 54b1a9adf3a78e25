namespace Foresight.Testing;

/// <summary>A test that depends on timing finds rare faults only when it is repeated: <c>FORESIGHT_REPEAT</c>, default 1.</summary>
public static class Repeat
{
    public static int Times { get; } = int.Parse(Environment.GetEnvironmentVariable("FORESIGHT_REPEAT") ?? "1");
}
