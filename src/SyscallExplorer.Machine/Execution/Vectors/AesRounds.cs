using System.Runtime.Intrinsics;
using Iced.Intel;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace SyscallExplorer.Machine;

/// <summary>AESENC, AESENCLAST, AESDEC, AESDECLAST, AESIMC, AESKEYGENASSIST. SDM vol. 2A, each under its name; FIPS 197.</summary>
internal static class AesRounds
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Binary<Fastest<Encrypt>>(Mnemonic.Aesenc);
        table.Binary<Fastest<EncryptLast>>(Mnemonic.Aesenclast);
        table.Binary<Fastest<Decrypt>>(Mnemonic.Aesdec);
        table.Binary<Fastest<DecryptLast>>(Mnemonic.Aesdeclast);
        table.Unary<InverseMixColumns>(Mnemonic.Aesimc);
        table.UnaryImmediate<KeyAssist>(Mnemonic.Aeskeygenassist);
    }

    internal readonly struct Encrypt : IAcceleratedRule
    {
        public static bool IsAccelerated => X86Aes.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => X86Aes.Encrypt(left, right);

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right) => AesState.MixColumns(AesState.Substitute(left)) ^ right;
    }

    internal readonly struct EncryptLast : IAcceleratedRule
    {
        public static bool IsAccelerated => X86Aes.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => X86Aes.EncryptLast(left, right);

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right) => AesState.Substitute(left) ^ right;
    }

    internal readonly struct Decrypt : IAcceleratedRule
    {
        public static bool IsAccelerated => X86Aes.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => X86Aes.Decrypt(left, right);

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right) =>
            AesState.InverseMixColumns(AesState.InverseSubstitute(left)) ^ right;
    }

    internal readonly struct DecryptLast : IAcceleratedRule
    {
        public static bool IsAccelerated => X86Aes.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => X86Aes.DecryptLast(left, right);

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right) => AesState.InverseSubstitute(left) ^ right;
    }

    private readonly struct InverseMixColumns : IUnaryLaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value) => AesState.InverseMixColumns(value);
    }

    /// <summary>SubWord, and RotWord(SubWord) with the round constant, of doublewords 1 and 3.</summary>
    private readonly struct KeyAssist : IUnaryImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value, byte immediate)
        {
            uint low = AesState.SubstituteWord(value.AsUInt32().GetElement(1));
            uint high = AesState.SubstituteWord(value.AsUInt32().GetElement(3));
            return Vector128.Create(low, uint.RotateRight(low, 8) ^ immediate, high, uint.RotateRight(high, 8) ^ immediate).AsByte();
        }
    }
}
