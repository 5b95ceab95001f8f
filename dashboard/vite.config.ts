import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { developmentApi } from './scripts/developmentApi.ts';

export default defineConfig(({ command }) => ({
  base: '/admin/',
  plugins: [react(), ...(command === 'serve' ? [developmentApi()] : [])],
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    manifest: true,
    sourcemap: false,
    assetsInlineLimit: 0,
  },
}));
