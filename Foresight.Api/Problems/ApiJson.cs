using System.Text.Json;
using System.Text.Json.Serialization;

namespace Foresight.Api.Problems;

/// <summary>How bodies are read and written.</summary>
public static class ApiJson
{
    /// <summary>Absent members are left out, so that a program need not tell null from nothing.</summary>
    public static readonly JsonSerializerOptions Problem = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>
    /// Strict where money is meant: no number where a string is documented and the other way round, nothing twice, nothing missing.
    /// Members that are not documented are ignored, so that newer clients can talk to older nodes.
    /// </summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = ApiLimits.JsonDepth;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip;
    }
}
