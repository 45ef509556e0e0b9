namespace SyscallExplorer.Linux;

/// <summary>A symbol of an image of the vDSO.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, such as LINUX_2.6.</param>
/// <param name="Offset">Its place in the image, in bytes; the image stands at 0.</param>
/// <param name="Size">Bytes of the function.</param>
/// <param name="IsWeak">Whether it is a weak second name.</param>
public sealed record VdsoSymbol(string Name, string Version, ulong Offset, int Size, bool IsWeak = false);
