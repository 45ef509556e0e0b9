namespace SyscallExplorer;

/// <summary>
/// Names the class that draws a type in notebooks. .NET Interactive, and hosts that follow it, find this attribute by its name and properties, so
/// that a library needs no reference to them.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    public Type FormatterSourceType { get; } = formatterSourceType;

    public string[] PreferredMimeTypes { get; set; } = ["text/html", "text/plain"];
}
